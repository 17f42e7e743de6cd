// Mocha's spec reporter, which also leaves the totals where tools/test.js adds them up.
const { appendFileSync } = require('node:fs');
const { reporters, Runner } = require('mocha');

module.exports = class TotalsReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures } = runner.stats;
      const file = process.env.WHERRY_TEST_TOTALS;
      if (file) appendFileSync(file, `${JSON.stringify({ passes, failures })}\n`);
    });
  }
};
