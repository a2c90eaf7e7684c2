// The demo's kubeconfig in the folder that the server watches: whole or not there, readable by its owner only, gone when the demo ends.
import { mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../../base/fault.ts";

export interface KubeconfigFile {
  readonly file: string;
  remove(): Promise<void>;
}

/** Writes `<data>/clusters/<cluster>.kubeconfig`. Throws a Fault when the folder cannot be written. */
export async function writeKubeconfig(data: string, cluster: string, text: string): Promise<KubeconfigFile> {
  const folder = path.join(data, "clusters");
  const file = path.join(folder, `${cluster}.kubeconfig`);
  const draft = path.join(folder, `.${cluster}.kubeconfig.${process.pid}`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const handle = await open(draft, "wx", 0o600);
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (cause) {
    // Where it could not be written there may be nothing to remove; the fault below tells of the first failure.
    await rm(draft, { force: true }).catch(() => undefined);
    throw new Fault(`cannot write ${file}`, {
      code: "demo/kubeconfig",
      kind: "forbidden",
      hint: "run the demo as the user who started the server",
      cause,
    });
  }
  return { file, remove: () => rm(file, { force: true }) };
}
