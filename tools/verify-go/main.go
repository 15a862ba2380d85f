// Verify-go checks an exported ledger with code that is not Countersign's: the note and tlog packages of
// golang.org/x/mod, with which the go command checks the Go module mirror's checksum database.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run tools/verify-go/main.go DIR VKEY [OLD_CHECKPOINT]
//
// DIR holds checkpoint, tile/... and tile/entries/...; VKEY is the log's key (the content of DIR/vkey); OLD_CHECKPOINT
// is a file with an earlier checkpoint of the same log. Debian packages: golang-go golang-golang-x-mod-dev.
// Exit status 0: everything holds; 1: the first thing that does not is named; 2: wrong usage.
package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

func main() {
	if len(os.Args) != 3 && len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: verify-go DIR VKEY [OLD_CHECKPOINT]")
		os.Exit(2)
	}
	old := ""
	if len(os.Args) == 4 {
		old = os.Args[3]
	}
	if err := verify(logDir(os.Args[1]), os.Args[2], old); err != nil {
		fmt.Println("REFUSED:", err)
		os.Exit(1)
	}
}

func verify(dir logDir, vkey, oldCheckpoint string) error {
	key, err := note.NewVerifier(strings.TrimSpace(vkey))
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(filepath.Join(string(dir), "checkpoint"), key)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	fmt.Printf("checkpoint of %s: %d entries, signature good\n", key.Name(), tree.N)

	tiles := tlog.TileHashReader(tree, dir)
	leaves, err := checkEntries(dir, tree, tiles)
	if err != nil {
		return err
	}
	fmt.Printf("%d entries hashed again: equal to the tiles and to the signed root\n", tree.N)

	proofs, err := checkInclusion(tree, tiles, leaves)
	if err != nil {
		return err
	}
	fmt.Printf("%d inclusion proofs good\n", proofs)

	if oldCheckpoint == "" {
		return nil
	}
	before, err := openCheckpoint(oldCheckpoint, key)
	if err != nil {
		return fmt.Errorf("old checkpoint: %w", err)
	}
	if err := checkGrowth(before, tree, tiles); err != nil {
		return fmt.Errorf("old checkpoint of %d entries: %w", before.N, err)
	}
	fmt.Printf("continues the old checkpoint of %d entries\n", before.N)
	return nil
}

// openCheckpoint reads a signed checkpoint: origin, size and root, a line each.
func openCheckpoint(file string, key note.Verifier) (tlog.Tree, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(data, note.VerifierList(key))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return tlog.Tree{}, errors.New("not of three lines")
	}
	if lines[0] != key.Name() {
		return tlog.Tree{}, fmt.Errorf("origin %q is not the name of the key", lines[0])
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, fmt.Errorf("bad size %q", lines[1])
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, fmt.Errorf("bad root %q", lines[2])
	}
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	return tree, nil
}

// checkEntries hashes every entry, compares it with its tile, and rebuilds the tree from the entries alone.
func checkEntries(dir logDir, tree tlog.Tree, tiles tlog.HashReader) ([]tlog.Hash, error) {
	var leaves, rebuilt []tlog.Hash
	stored := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = rebuilt[index]
		}
		return out, nil
	})
	for first := int64(0); first < tree.N; first += tileWidth {
		width := tree.N - first
		if width > tileWidth {
			width = tileWidth
		}
		entries, err := dir.bundle(first/tileWidth, int(width))
		if err != nil {
			return nil, err
		}
		at := make([]int64, width)
		for i := range at {
			at[i] = tlog.StoredHashIndex(0, first+int64(i))
		}
		inTile, err := tiles.ReadHashes(at)
		if err != nil {
			return nil, fmt.Errorf("tiles of entries %d to %d: %w", first, first+width-1, err)
		}
		for i, entry := range entries {
			index := first + int64(i)
			leaf := tlog.RecordHash(entry)
			if leaf != inTile[i] {
				return nil, fmt.Errorf("entry %d is not the one that its tile holds", index)
			}
			more, err := tlog.StoredHashesForRecordHash(index, leaf, stored)
			if err != nil {
				return nil, err
			}
			rebuilt = append(rebuilt, more...)
			leaves = append(leaves, leaf)
		}
	}
	root := emptyRoot()
	if tree.N > 0 {
		var err error
		if root, err = tlog.TreeHash(tree.N, stored); err != nil {
			return nil, err
		}
	}
	if root != tree.Hash {
		return nil, errors.New("the entries do not give the signed root")
	}
	return leaves, nil
}

// checkInclusion proves a sample of entries from the tiles: the first, the last, and every 97th.
func checkInclusion(tree tlog.Tree, tiles tlog.HashReader, leaves []tlog.Hash) (int, error) {
	proofs := 0
	for index, leaf := range leaves {
		if index%97 != 0 && index != len(leaves)-1 {
			continue
		}
		proof, err := tlog.ProveRecord(tree.N, int64(index), tiles)
		if err == nil {
			err = tlog.CheckRecord(proof, tree.N, tree.Hash, int64(index), leaf)
		}
		if err != nil {
			return proofs, fmt.Errorf("inclusion of entry %d: %w", index, err)
		}
		proofs++
	}
	return proofs, nil
}

// checkGrowth proves that the older tree is a prefix of this one.
func checkGrowth(before, tree tlog.Tree, tiles tlog.HashReader) error {
	if before.N > tree.N {
		return fmt.Errorf("larger than this log of %d", tree.N)
	}
	if before.N == 0 {
		if before.Hash != emptyRoot() {
			return errors.New("not the root of an empty log")
		}
		return nil
	}
	proof, err := tlog.ProveTree(tree.N, before.N, tiles)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash)
}

func emptyRoot() tlog.Hash {
	return tlog.Hash(sha256.Sum256(nil))
}

// logDir is a log in files, laid out as c2sp.org/tlog-tiles says.
type logDir string

// Height, ReadTiles and SaveTiles make it a tlog.TileReader.
func (dir logDir) Height() int { return tileHeight }

func (dir logDir) SaveTiles([]tlog.Tile, [][]byte) {}

func (dir logDir) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, tile := range tiles {
		data, full, err := dir.read(tile)
		if err != nil {
			return nil, err
		}
		want := tile.W
		if full {
			want = tileWidth
		}
		if len(data) != want*tlog.HashSize {
			return nil, fmt.Errorf("tile %s has %d bytes", tile.Path(), len(data))
		}
		out[i] = data[:tile.W*tlog.HashSize]
	}
	return out, nil
}

// bundle returns the first width entries of a bundle.
func (dir logDir) bundle(index int64, width int) ([][]byte, error) {
	tile := tlog.Tile{H: tileHeight, L: -1, N: index, W: width}
	data, full, err := dir.read(tile)
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("bundle %d cannot be read from entry %d on", index, index*tileWidth+int64(len(entries)))
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	want := width
	if full {
		want = tileWidth
	}
	if len(entries) != want {
		return nil, fmt.Errorf("bundle %d has %d entries instead of %d", index, len(entries), want)
	}
	return entries[:width], nil
}

// read reads a tile, or the full one when the partial one is gone; full tells which.
func (dir logDir) read(tile tlog.Tile) (data []byte, full bool, err error) {
	data, err = os.ReadFile(dir.file(tile))
	if err == nil || tile.W == tileWidth || !errors.Is(err, fs.ErrNotExist) {
		return data, tile.W == tileWidth, err
	}
	tile.W = tileWidth
	data, err = os.ReadFile(dir.file(tile))
	return data, true, err
}

// file turns the path of a tile in the Go checksum database, tile/8/0/000 or tile/8/data/000, into that of tlog-tiles.
func (dir logDir) file(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
	if tile.L < 0 {
		path = "entries/" + strings.TrimPrefix(path, "data/")
	}
	return filepath.Join(string(dir), "tile", filepath.FromSlash(path))
}
