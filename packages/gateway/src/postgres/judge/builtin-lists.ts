const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Volatile functions of PostgreSQL that read and do nothing else. A volatile one that is in no list is unknown. */
export const READING: ReadonlySet<string> = words(`
  amvalidate array_sample array_shuffle clock_timestamp current_query currtid2 currval gen_random_uuid lastval
  pg_advisory_unlock pg_advisory_unlock_all pg_advisory_unlock_shared pg_available_wal_summaries pg_blocking_pids
  pg_collation_actual_version pg_control_checkpoint pg_control_init pg_control_recovery pg_control_system pg_current_wal_flush_lsn
  pg_current_wal_insert_lsn pg_current_wal_lsn pg_database_collation_actual_version pg_database_size pg_get_aios
  pg_get_backend_memory_contexts pg_get_loaded_modules pg_get_multixact_members pg_get_shmem_allocations pg_get_shmem_allocations_numa
  pg_get_wait_events pg_get_wal_replay_pause_state pg_get_wal_resource_managers pg_get_wal_summarizer_state pg_indexes_size
  pg_is_in_recovery pg_is_wal_replay_paused pg_isolation_test_session_is_blocked pg_jit_available pg_last_committed_xact
  pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_lock_status pg_notification_queue_usage
  pg_partition_ancestors pg_partition_tree pg_prepared_xact pg_relation_size pg_replication_origin_progress
  pg_replication_origin_session_is_setup pg_replication_origin_session_progress pg_safe_snapshot_blocking_pids pg_show_replication_origin_status
  pg_sleep pg_sleep_for pg_sleep_until pg_stat_clear_snapshot pg_stat_force_next_flush pg_stat_get_backend_io
  pg_stat_get_backend_wal pg_stat_get_io pg_stat_get_recovery_prefetch pg_stat_get_xact_blocks_fetched pg_stat_get_xact_blocks_hit
  pg_stat_get_xact_function_calls pg_stat_get_xact_function_self_time pg_stat_get_xact_function_total_time pg_stat_get_xact_numscans
  pg_stat_get_xact_tuples_deleted pg_stat_get_xact_tuples_fetched pg_stat_get_xact_tuples_hot_updated pg_stat_get_xact_tuples_inserted
  pg_stat_get_xact_tuples_newpage_updated pg_stat_get_xact_tuples_returned pg_stat_get_xact_tuples_updated pg_stat_have_stats
  pg_table_size pg_tablespace_size pg_total_relation_size pg_wal_summary_contents pg_xact_commit_timestamp
  pg_xact_commit_timestamp_origin pg_xact_status random random_normal setseed timeofday txid_status uuidv4 uuidv7`);

/** They keep or change a state outside of relations, here or in every session: locks, statistics, maintenance. */
export const WRITING: ReadonlySet<string> = words(`
  brin_desummarize_range brin_summarize_new_values brin_summarize_range gin_clean_pending_list pg_advisory_lock
  pg_advisory_lock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_stat_reset pg_stat_reset_backend_stats
  pg_stat_reset_replication_slot pg_stat_reset_shared pg_stat_reset_single_function_counters pg_stat_reset_single_table_counters
  pg_stat_reset_slru pg_stat_reset_subscription_stats pg_try_advisory_lock pg_try_advisory_lock_shared pg_try_advisory_xact_lock
  pg_try_advisory_xact_lock_shared`);

/** They reach beyond the database: files and processes of the server, other sessions, replication. */
export const REACHING: ReadonlySet<string> = words(`
  lo_export lo_import pg_backup_start pg_backup_stop pg_cancel_backend pg_copy_logical_replication_slot pg_copy_physical_replication_slot
  pg_create_logical_replication_slot pg_create_physical_replication_slot pg_create_restore_point pg_current_logfile
  pg_drop_replication_slot pg_hba_file_rules pg_ident_file_mappings pg_import_system_collations pg_log_backend_memory_contexts
  pg_log_standby_snapshot pg_logical_emit_message pg_logical_slot_get_binary_changes pg_logical_slot_get_changes
  pg_logical_slot_peek_binary_changes pg_logical_slot_peek_changes pg_ls_archive_statusdir pg_ls_dir pg_ls_logdir pg_ls_logicalmapdir
  pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_summariesdir pg_ls_tmpdir pg_ls_waldir pg_promote pg_read_binary_file pg_read_file
  pg_reload_conf pg_replication_origin_advance pg_replication_origin_create pg_replication_origin_drop
  pg_replication_origin_session_reset pg_replication_origin_session_setup pg_replication_origin_xact_reset
  pg_replication_origin_xact_setup pg_replication_slot_advance pg_rotate_logfile pg_show_all_file_settings pg_stat_file pg_switch_wal
  pg_sync_replication_slots pg_terminate_backend pg_wal_replay_pause pg_wal_replay_resume`);

/** They run SQL that they are given as text, or read what an argument names, whatever their volatility. */
export const INDIRECT: ReadonlySet<string> = words(`
  cursor_to_xml cursor_to_xmlschema database_to_xml database_to_xmlschema database_to_xml_and_xmlschema query_to_xml
  query_to_xml_and_xmlschema query_to_xmlschema schema_to_xml schema_to_xmlschema schema_to_xml_and_xmlschema ts_stat`);
/** Their argument is a relation. */
export const OF_RELATION: ReadonlySet<string> = words("table_to_xml table_to_xmlschema table_to_xml_and_xmlschema");
/** They make a value of a type that an argument names, and so run its checks. */
export const OF_TYPE: ReadonlySet<string> = words(`
  array_in array_recv anyarray_in domain_in domain_recv multirange_in pg_input_error_info pg_input_is_valid range_in record_in
  record_recv multirange_recv range_recv`);

export const LARGE_OBJECT_READING: ReadonlySet<string> = words(
  "lo_close lo_get lo_lseek lo_lseek64 lo_open lo_tell lo_tell64 loread",
);
export const LARGE_OBJECT_WRITING: ReadonlySet<string> = words(
  "lo_creat lo_create lo_from_bytea lo_put lo_truncate lo_truncate64 lowrite",
);
