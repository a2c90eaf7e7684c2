/* Runs requests through Debian's libmodsecurity for test/bench/waf.bench.ts and tells its CPU time by the thread's clock.
 * Frames on standard input and output, integers little endian as the machine has them:
 *   in:  u32 kind, u32 length, payload     kind 'R': u32 requests, then each: method, target, version, u32 headers, name and value of each, body (u32 length + bytes)
 *   out: u64 CPU nanoseconds, u64 resident KiB, u32 requests, one status each (u32; 0: passed), the last rule of each that was logged and gave points (u32)
 * First frame out, after loading the rule file named by argv[1]: load CPU nanoseconds, resident KiB, 0. A broken rule file ends the process with 2. */
#include <modsecurity/modsecurity.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint32_t last_rule;

static void on_log(void *data, const void *message) {
  (void)data;
  const char *at = message == NULL ? NULL : strstr((const char *)message, "[id \"");
  uint32_t id = at == NULL ? 0 : (uint32_t)strtoul(at + 5, NULL, 10);
  /* Rules that only sum up are left out. */
  if (id > 0 && id < 949000) last_rule = id;
}

static uint64_t thread_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t resident_kib(void) {
  unsigned long size = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL) return 0;
  if (fscanf(file, "%lu %lu", &size, &resident) != 2) resident = 0;
  fclose(file);
  return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE) / 1024u;
}

static int read_all(void *into, size_t length) { return length == 0 || fread(into, length, 1, stdin) == 1; }

static void write_all(const void *from, size_t length) {
  if (length != 0 && fwrite(from, length, 1, stdout) != 1) exit(3);
}

struct span {
  unsigned char *at;
  uint32_t length;
};

static unsigned char *cursor;

static uint32_t take_u32(void) {
  uint32_t value;
  memcpy(&value, cursor, 4);
  cursor += 4;
  return value;
}

/* Spans are ended by a zero byte, so that they are C strings too; the length does not count it. */
static struct span take_span(void) {
  struct span span;
  span.length = take_u32();
  span.at = cursor;
  cursor += span.length + 1;
  return span;
}

static uint32_t interrupted(Transaction *transaction) {
  ModSecurityIntervention it;
  memset(&it, 0, sizeof it);
  it.status = 200;
  uint32_t status = 0;
  if (msc_intervention(transaction, &it) != 0 && it.disruptive) status = (uint32_t)it.status;
  free(it.url);
  free(it.log);
  return status;
}

static uint32_t judge(Transaction *transaction) {
  struct span method = take_span(), target = take_span(), version = take_span();
  uint32_t headers = take_u32(), status = 0;
  msc_process_connection(transaction, "192.0.2.7", 40000, "192.0.2.1", 80);
  msc_process_uri(transaction, (char *)target.at, (char *)method.at, (char *)version.at);
  for (uint32_t index = 0; index < headers; index++) {
    struct span name = take_span(), value = take_span();
    msc_add_n_request_header(transaction, name.at, name.length, value.at, value.length);
  }
  struct span body = take_span();
  msc_process_request_headers(transaction);
  if ((status = interrupted(transaction)) == 0) {
    if (body.length > 0) msc_append_request_body(transaction, body.at, body.length);
    if ((status = interrupted(transaction)) == 0) {
      msc_process_request_body(transaction);
      status = interrupted(transaction);
    }
  }
  msc_process_logging(transaction);
  return status;
}

static void run(ModSecurity *engine, RulesSet *rules, unsigned char *payload) {
  cursor = payload;
  uint32_t count = take_u32();
  uint32_t *statuses = calloc((size_t)count * 2 + 1, sizeof *statuses);
  uint64_t before = thread_ns();
  for (uint32_t index = 0; index < count; index++) {
    last_rule = 0;
    Transaction *transaction = msc_new_transaction(engine, rules, NULL);
    statuses[index] = judge(transaction);
    statuses[count + index] = last_rule;
    msc_transaction_cleanup(transaction);
  }
  uint64_t used = thread_ns() - before, resident = resident_kib();
  write_all(&used, sizeof used);
  write_all(&resident, sizeof resident);
  write_all(&count, sizeof count);
  write_all(statuses, (size_t)count * 2 * sizeof *statuses);
  fflush(stdout);
  free(statuses);
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  uint64_t before = thread_ns();
  ModSecurity *engine = msc_init();
  msc_set_log_cb(engine, on_log);
  RulesSet *rules = msc_create_rules_set();
  const char *error = NULL;
  if (msc_rules_add_file(rules, argv[1], &error) < 0) {
    fprintf(stderr, "%s\n", error == NULL ? "rules: unknown error" : error);
    return 2;
  }
  uint64_t loaded = thread_ns() - before, resident = resident_kib();
  uint32_t none = 0;
  write_all(&loaded, sizeof loaded);
  write_all(&resident, sizeof resident);
  write_all(&none, sizeof none);
  fflush(stdout);
  uint32_t kind = 0, length = 0;
  while (read_all(&kind, sizeof kind) && read_all(&length, sizeof length)) {
    unsigned char *payload = malloc((size_t)length + 1);
    if (payload == NULL || !read_all(payload, length)) return 3;
    payload[length] = 0;
    if (kind == 'R') run(engine, rules, payload);
    free(payload);
  }
  return 0;
}
