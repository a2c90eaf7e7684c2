// Properties are checked with one seed, so that a run can be repeated; GARRISON_TEST_SEED=random (or a number) looks elsewhere.
import * as fc from "fast-check";

const seedDefault = 20_261_123;
const given = process.env["GARRISON_TEST_SEED"] ?? "";

if (given !== "random") fc.configureGlobal({ seed: given === "" ? seedDefault : Number(given) });
