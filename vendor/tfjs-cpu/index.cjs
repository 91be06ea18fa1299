// What danfojs-node asks of @tensorflow/tfjs-node, from the packages in plain JavaScript. Only built into dist/, never installed with the lab.
const core = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-cpu');

// Else the first tensor prints a banner that praises the native package.
core.enableProdMode();

/** danfojs reads files through tf.data; the lab reads its tables itself. */
function readNothing() {
  throw new Error('tf.data is left out of this build: read the file first, then make a DataFrame of its rows');
}

module.exports = { ...core, data: { csv: readNothing } };
