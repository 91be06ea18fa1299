/** What may happen to a file. A file's rules are a set and add up; an empty set is REGULAR. */
export type FileRule = 'FROZEN' | 'HUMAN' | 'GLOBAL' | 'APPEND-ONLY' | 'RECORD';
