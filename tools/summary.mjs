// Sums up the lanes that tools/test.sh ran: what failed, what was skipped and why, and the one last line.
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const [directory, ...lanes] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const skips = [];

const read = (lane, kind) => {
  const path = join(directory, `${lane}.${kind}`);
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
};

function fail(what) {
  total.failed += 1;
  failures.push(what);
}

function skip(what, count = 1) {
  total.skipped += count;
  skips.push(what);
}

/** Lines `passed NAME` and `failed NAME` of tools/check.sh. */
function addChecks(lane, text) {
  for (const line of text.split('\n').filter(Boolean)) {
    if (line.startsWith('passed ')) total.passed += 1;
    else fail(`${lane}: ${line.slice('failed '.length)}`);
  }
}

/** Vitest's JSON report. */
function addReport(lane, report, code) {
  const before = total.failed;
  for (const file of report.testResults) {
    const name = relative(process.cwd(), file.name);
    const tests = file.assertionResults;
    for (const test of tests) {
      if (test.status === 'passed') total.passed += 1;
      else if (test.status === 'failed') fail(`${lane}: ${name}: ${test.fullName}`);
      else skip(`${lane}: ${name}: ${test.fullName}`);
    }
    if (file.status === 'failed' && !tests.some((test) => test.status === 'failed'))
      fail(`${lane}: ${name}: ${file.message || 'did not load'}`);
  }
  if (code !== 0 && total.failed === before) fail(`${lane}: ended with exit code ${code}${code === 124 ? ' (time limit)' : ''}; see above`);
}

for (const lane of lanes) {
  const skipped = read(lane, 'skipped');
  const checks = read(lane, 'results');
  const report = read(lane, 'json');
  const code = Number(read(lane, 'code') ?? '1');
  if (skipped !== null) skip(`${lane}: the whole lane: ${skipped.trim()}`);
  else if (checks !== null) addChecks(lane, checks);
  else if (report !== null) addReport(lane, JSON.parse(report), code);
  else fail(`${lane}: did not finish${code === 124 ? ' (time limit)' : ''}; see above`);
}

const list = (title, entries) => entries.length > 0 && console.log(`\n${title}:\n${entries.map((entry) => `  ${entry}`).join('\n')}`);
list('Skipped', skips);
list('Failed', failures);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;
