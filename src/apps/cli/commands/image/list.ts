// The sub-commands of `garrison image`, in the order in which help shows them. A new one is a file and one line here.
import type { CommandUnit } from "../command.ts";
import { imageSbom } from "./sbom.ts";
import { imageScan } from "./scan.ts";
import { imageAdvise } from "./advise.ts";
import { imageVerify } from "./verify.ts";

export const imageCommands: readonly CommandUnit[] = [imageScan, imageSbom, imageAdvise, imageVerify];
