// What every TypeScript SDK conversation shares: where the plane is, how parts are run, how the report is written.
//
// A script is called with one phase; what the provider does in it was arranged beforehand by the Rust test.
// It prints one JSON document: {"passed": [names], "failed": {name: error}}.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

export const url = process.env.PORTUNUS_TEST_URL;
export const token = process.env.PORTUNUS_TEST_TOKEN;
export const mangled = token.slice(0, -1) + (token.endsWith("a") ? "b" : "a");

// A PNG of one transparent pixel, and one large enough that the request has some megabytes.
export const pixel =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
export const large = pixel + "A".repeat(4 * 1024 * 1024);

/** Imports a package from the set that the test names. */
export async function sdk(name) {
  const require = createRequire(`${process.env.PORTUNUS_TEST_MODULES}/`);
  return import(pathToFileURL(require.resolve(name)));
}

/** A fetch that counts the requests that really leave, below the SDK's own retries. */
export function counting() {
  const counter = { requests: 0 };
  counter.fetch = (...args) => {
    counter.requests += 1;
    return fetch(...args);
  };
  return counter;
}

export function assert(truth, message) {
  if (!truth) throw new Error(`not so: ${typeof message === "string" ? message : JSON.stringify(message)}`);
}

/** The error that the call must raise. */
export async function raises(kind, call) {
  try {
    await call();
  } catch (error) {
    assert(error instanceof kind, `${kind.name}, but ${error}`);
    return error;
  }
  throw new Error(`no ${kind.name}`);
}

/** How many seconds the call takes. */
export async function seconds(call) {
  const began = performance.now();
  await call();
  return (performance.now() - began) / 1000;
}

/** Runs the phase named on the command line and writes the report. */
export async function run(phases) {
  const report = { passed: [], failed: {} };
  for (const part of phases[process.argv[2]]) {
    try {
      await part();
      report.passed.push(part.name);
    } catch (error) {
      report.failed[part.name] = String(error?.stack ?? error).slice(0, 2000);
    }
  }
  console.log(JSON.stringify(report));
}
