// Addresses out of lock files: no user, no password, no token reaches a report.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { publicAddress } from "./address.ts";
import { createCollector } from "./found.ts";

const cases: readonly (readonly [string, string])[] = [
  ["https://u:p@files.example/x.tgz", "https://files.example/x.tgz"],
  ["git+https://u:p@SECRET@git.example/x.git#abc", "git+https://git.example/x.git#abc"],
  ["git+https://SECRET@git.example:8443/x.git", "git+https://git.example:8443/x.git"],
  ["https://u:SEC/RET@git.example/x", "https://git.example/x"],
  ["https://u:SECRET", "https://"],
  ["git+ssh://git@git.example/x.git@abc", "git+ssh://git@git.example/x.git@abc"],
  ["ssh://git:SECRET@git.example/x.git", "ssh://git.example/x.git"],
  ["git@git.example:acme/x.git", "git@git.example:acme/x.git"],
  ["https://files.example/@s/core/-/core-7.2.0.tgz#29c", "https://files.example/@s/core/-/core-7.2.0.tgz#29c"],
  ["https://git.example/x?branch=main#abc", "https://git.example/x?branch=main#abc"],
  ["https://git.example/x?private_token=SECRET&tag=v1#egg=x&t=SECRET", "https://git.example/x?tag=v1#egg=x"],
  ["https://files.example/x.whl?job_token=SECRET", "https://files.example/x.whl"],
  ["https://proxy.example/https://u:SECRET@git.example/x", "https://proxy.example/https://git.example/x"],
  ["https://[2001:db8::1]:8080/x", "https://[2001:db8::1]:8080/x"],
  ["npm:left@1.0.0", "npm:left@1.0.0"],
  ["", ""],
];

test("addresses as they may be shown", () => {
  for (const [address, expected] of cases) assert.equal(publicAddress(address), expected, address);
});

test("property: what stands before the host's @ and in unknown keys is never shown", () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9!$%&'()*+,;=:@._~-]{0,12}$/).map((noise) => `${noise}HIDDENHIDDEN`);
  fc.assert(
    fc.property(fc.constantFrom("https", "git+https", "git+ssh", "svn+http"), secret, secret, (scheme, user, token) => {
      const shown = publicAddress(
        `${scheme}://${user}:${user}@git.example/a/b.git?access_token=${encodeURIComponent(token)}#abc`,
      );
      assert.equal(shown, `${scheme}://git.example/a/b.git#abc`);
    }),
  );
});

test("every cataloguer's collector cleans the addresses that it takes", () => {
  const collector = createCollector();
  collector.add({
    type: "pub",
    name: "a",
    version: "1",
    qualifiers: { vcs_url: "git+https://u:SECRET@git.example/a@abc" },
  });
  assert.deepEqual(collector.part()?.packages[0]?.qualifiers, { vcs_url: "git+https://git.example/a@abc" });
});
