// Loads like any module, and says what it is where somebody calls into it.
const refuse = (name) => () => {
  throw new Error(`${String(name)} belongs to a package that is left out of this build (spreadsheets, downloads)`);
};

module.exports = new Proxy(refuse('this'), {
  get: (_target, name) => (name === '__esModule' ? false : name === 'default' ? undefined : refuse(name)),
});
