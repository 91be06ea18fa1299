/** Entry point of the prepare step's last part: exits 1 and names every editable install that points outside the checkout (argv 2). */
import { checkEditableInstalls } from './editable-install.ts';

const problems = checkEditableInstalls(process.argv[2] ?? '.');
for (const problem of problems) process.stderr.write(`refused: ${problem}, outside the checkout of this run\n`);
if (problems.length > 0) {
  process.stderr.write('hint: install the package non-editable in checkout.setup, or from the checkout itself\n');
  process.exitCode = 1;
}
