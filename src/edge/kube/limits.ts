// Every bound of the door to an API server, by name. What is beyond one is refused by itself and counted, or the request is tried again.

export const kubeLimits = {
  /** Objects asked for in one page of a list. */
  pageObjects: 250,
  /** Body of one page; a larger one is asked for again with a tenth of the objects. */
  pageBytesMax: 32 * 1024 * 1024,
  /** Body of discovery, of an error, of the version. */
  documentBytesMax: 8 * 1024 * 1024,
  errorBytesMax: 64 * 1024,
  /** One line of a watch stream: one event with its object (etcd keeps 1.5 MiB). */
  lineBytesMax: 8 * 1024 * 1024,
  /** Pages of one list. */
  pagesMax: 2000,
  /** Lists that run at one time. */
  listsMax: 2,
  /** Lists begun anew because the server dropped the rest of one, before it counts as failing. */
  expiredListsMax: 3,
  /** Until an answer begins, and between two parts of a body that has an end. */
  answerMsMax: 30_000,
  bodySilentMsMax: 30_000,
  /** How long the server lets one watch run: a random time in this range, so that not all end at once. */
  watchSecondsMin: 240,
  watchSecondsMax: 540,
  /** A watch without any event or bookmark for so long is opened again. */
  watchSilentMsMax: 180_000,
  /** How often the server is asked whether it lives, and how long it may take. */
  pingMs: 15_000,
  pingMsMax: 10_000,
  pingsFailedMax: 2,
  /** Back-off after failures; of what is forbidden, since rights come by a person's hand. */
  retryMsMin: 500,
  retryMsMax: 60_000,
  forbiddenMsMin: 10_000,
  forbiddenMsMax: 120_000,
  /** The longest wait that a server may ask for. */
  retryAfterMsMax: 120_000,
  /** How often resources that the server lacks are looked for. */
  discoverMs: 180_000,
  /** How often a kubeconfig and the files it names are compared with what was read. */
  reloadMs: 10_000,
  /** How long a token read from a file is believed. */
  tokenMs: 10_000,
  /** A program that makes a credential: killed after so long, and nobody waits longer for one; asked again at least so often. */
  pluginMsMax: 60_000,
  pluginKeptMs: 300_000,
  /** Characters of what it said that are shown. */
  pluginWordLengthMax: 200,
  kubeconfigBytesMax: 1024 * 1024,
  socketsMax: 32,
} as const;

export type KubeLimits = { readonly [Name in keyof typeof kubeLimits]: number };
