#include "outbox/stats.h"

namespace outbox {

Ledger& Ledger::operator+=(const Ledger& other) {
  appended += other.appended;
  delivered += other.delivered;
  pending += other.pending;
  dead += other.dead;
  requeued += other.requeued;
  purged += other.purged;
  return *this;
}

}  // namespace outbox
