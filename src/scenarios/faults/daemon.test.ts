/** The daemon, and the device workers that live in it, killed and frozen at each moment of a job's life. */
import { moments, testHarm } from './life-of-a-job.ts';

testHarm({ victims: ['daemon'], at: moments });
