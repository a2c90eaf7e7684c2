// Rules of Falco's files that events of this machine's kernel made fire, with the test that shows it. Kernel tests add a line here: a rule's exact name, and where it is shown.
// What stands here is compared with the rules (falco-rules.test.ts), and by the kernel tests with what they saw.

export const realRules: Readonly<Record<string, string>> = {};
