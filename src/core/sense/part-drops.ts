// What a sensor counts among its drops although the event itself was told: a part of it was not found out. A gap of what rules find, no lost event.

/** By the name in `SensorStats.dropsByType`: what is missing, in words for a row of `gaps`. */
export const partDrops: Readonly<Record<string, string>> = {
  "environment-cut": "programs whose environment was longer than what is read: rules on variables may have missed one",
  "environment-names": "names of variables that rules ask for, beyond what the sensor looks for",
  "path-as-written":
    "files whose path is told as it was asked for: links on the way could not be followed in time, or without waiting",
  "host-path-unknown":
    "files of containers of which it is not known whether they are the host's: their mounts could not be read, or are too many",
};
