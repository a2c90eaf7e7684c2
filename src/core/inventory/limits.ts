// How much of an object is taken over and how many objects are kept; what is beyond a limit is cut or refused, and counted.

export const inventoryLimits = {
  /** Objects of one kind in one cluster. */
  objectsMax: 100_000,
  nameLengthMax: 253,
  /** Of images, paths, label values, messages of conditions. */
  textLengthMax: 1024,
  labelsMax: 1000,
  containersMax: 64,
  environmentMax: 500,
  portsMax: 256,
  volumesMax: 256,
  conditionsMax: 64,
  addressesMax: 64,
  endpointsMax: 1000,
  resourcesMax: 32,
  /** Texts and small values that are shared between objects; then the memory of them begins anew. */
  sharedMax: 200_000,
  /** An object's JSON in a row; a larger one is written without its environment and labels. */
  objectLengthMax: 256 * 1024,
  /** Pods that are gone and still named by events. */
  goneMax: 2000,
  /** Names of one service's or workload's things in a reason. */
  reasonNamesMax: 3,
  /** Words of one change. */
  changeWordsMax: 12,
  /** A clock that is this far off is put right in times that the cluster tells. */
  clockAheadMsMin: 5000,
} as const;
