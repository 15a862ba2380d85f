/** Version of the program: the same in every package of a release. */
export const VERSION = "0.1.0";
