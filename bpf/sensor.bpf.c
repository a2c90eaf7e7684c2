// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The base family of the sensor: observes, never changes. One object; the loader leaves out what a kernel refuses and says so. */
#include "process.h"
#include "tcp.h"
#include "packets.h"
#include "files.h"
#include "calls.h"
#include "uring.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
