/** The sentence by which every screen says that the agents are a recording. The adapter that plays it back is in agents/recorded/. */

/** What a reader must know of whatever the recorded agent wrote; ends without a full stop, so that it can stand in a line. */
export const recordingNotice =
  'a recording: the ideas, critiques, code and prose were written beforehand and are played back; all results are measured live';

/** Author of an idea that comes from the recording. */
export const recordedAuthor = 'recorded';
