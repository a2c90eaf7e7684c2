// The Secret with the addresses and passwords of stores of one's own. Passwords come out of files: a command line is read by others.
import { secretOf } from "./manifests.ts";
import type { Tree } from "./object.ts";
import { usage, type InstallOptions } from "./options.ts";

export interface StoreFlags {
  readonly clickhouseUrl?: string;
  readonly clickhouseUser: string;
  readonly clickhousePasswordFile?: string;
  readonly postgresqlUrlFile?: string;
}

type ReadSecret = (file: string, flag: string) => Promise<string>;

/** One Secret, or none when no address was given: it must be in the cluster then. Throws a Fault for half of it. */
export async function storesOf(
  { overlay, namespace }: InstallOptions,
  { clickhouseUrl, clickhouseUser, clickhousePasswordFile, postgresqlUrlFile }: StoreFlags,
  readSecret: ReadSecret,
): Promise<readonly Tree[]> {
  if ((clickhouseUrl ?? clickhousePasswordFile ?? postgresqlUrlFile) === undefined) return [];
  if (overlay !== "production") throw usage("stores of your own are for --overlay production");
  if (clickhouseUrl === undefined || postgresqlUrlFile === undefined)
    throw usage("--clickhouse-url and --postgresql-url-file belong together");
  const url = URL.parse(clickhouseUrl);
  if (url === null || !["http:", "https:"].includes(url.protocol))
    throw usage("--clickhouse-url: an address such as https://clickhouse.example.org:8443");
  if (url.username !== "" || url.password !== "")
    throw usage(
      "--clickhouse-url: without a user or password in it; there are --clickhouse-user and --clickhouse-password-file",
    );
  const postgresql = await readSecret(postgresqlUrlFile, "--postgresql-url-file");
  if (!/^postgres(?:ql)?:\/\/\S+$/.test(postgresql))
    throw usage("--postgresql-url-file: its text must be postgresql://user:password@host/database");
  const password =
    clickhousePasswordFile === undefined ? "" : await readSecret(clickhousePasswordFile, "--clickhouse-password-file");
  const texts = {
    "clickhouse-url": clickhouseUrl,
    "clickhouse-user": clickhouseUser,
    "clickhouse-password": password,
    "postgresql-url": postgresql,
  };
  return [secretOf({ name: "garrison-stores", namespace, texts })];
}
