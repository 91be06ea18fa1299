/** The supervisor of a run killed and frozen at each moment at which there is one. */
import { supervised, testHarm } from './life-of-a-job.ts';

testHarm({ victims: ['supervisor'], at: supervised });
