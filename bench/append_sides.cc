#include "append_sides.h"

#include "measure.h"

namespace outbox::bench {

void set_sides(Row& row, const std::vector<Sample>& outbox, const std::vector<Sample>& rocksdb) {
  row.set("n", std::uint64_t{outbox.size()})
      .set("outbox_per_s", median_of(outbox, &Sample::per_second))
      .set("rocksdb_per_s", median_of(rocksdb, &Sample::per_second));
  set_ratio(row, outbox, rocksdb, &Sample::per_second);
  row.set("outbox_p50_us", median_of(outbox, &Sample::p50_us))
      .set("outbox_p99_us", median_of(outbox, &Sample::p99_us))
      .set("rocksdb_p50_us", median_of(rocksdb, &Sample::p50_us))
      .set("rocksdb_p99_us", median_of(rocksdb, &Sample::p99_us))
      .set("outbox_cpu_us", median_of(outbox, &Sample::cpu_us))
      .set("rocksdb_cpu_us", median_of(rocksdb, &Sample::cpu_us));
}

}  // namespace outbox::bench
