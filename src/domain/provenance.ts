/** Where a run's number comes from: everything besides the code and the seed that could make it another. Types only. */

/** Facts of one attempt: the content of provenance.json in its folder. Null means that it could not be found out. */
export interface Provenance {
  schema: 1;
  machine: {
    /** "linux 6.1.0 x64". */
    system: string;
    /** Model of the processor. */
    processor: string;
    /** Logical cores. */
    cores: number;
    memoryGb: number;
  };
  device: {
    id: string;
    model: string;
    /** Version of the graphics driver; null on a CPU. */
    driver: string | null;
    uuid: string | null;
  };
  python: {
    /** "3.11.2". */
    version: string | null;
    /** Path of the interpreter that was asked: relative inside the checkout, with `~` for the home folder and for the user's name. */
    executable: string | null;
    /** Number of installed packages; their names and versions are in packages.txt beside this file. */
    packages: number | null;
    /** sha256 of packages.txt, 12 hex digits. */
    packagesDigest: string | null;
  };
  /** Dependency locks of the checkout: path and git's blob hash, 12 digits. */
  locks: { path: string; blob: string }[];
  /** Digest of the data fingerprint as the track has it, 12 hex digits; null where lab.yaml names no data. */
  data: string | null;
  git: {
    /** Full hash of what ran. */
    commit: string;
    /** Whether the commit is a snapshot of a dirty tree. */
    isSnapshot: boolean;
    /** Full hash of main when the checkout was made: the frozen files are main's. */
    main: string;
  };
  lab: {
    /** Version and build of nightlab. */
    version: string;
    /** Version of node. */
    node: string;
  };
  track: string;
}
