#include "audit/topic_audit.h"

#include <algorithm>

namespace outbox::audit {
namespace {

template <typename Map, typename Value>
std::uint64_t sum(const Map& map, Value value) {
  std::uint64_t out = 0;
  for (const auto& [key, each] : map) out += value(each);
  return out;
}

}  // namespace

std::uint64_t OutboxFound::doubled() const {
  return sum(sessions, [](const SessionFound& each) { return each.doubled; });
}
std::uint64_t OutboxFound::reordered() const {
  return sum(sessions, [](const SessionFound& each) { return each.reordered; });
}
std::uint64_t OutboxFound::open_gaps() const {
  return sum(chains, [](const ChainFound& each) { return each.gaps.ranges(); });
}

void TopicAudit::begin(std::int32_t partition, std::int64_t first_offset) {
  begins_[partition] = first_offset;
}

void TopicAudit::take(std::int32_t partition, const inbox::MessageId& id) {
  ++messages_;
  if (overflown_) return;
  OutboxFound& outbox = outboxes_[id.outbox];
  SessionFound& session = outbox.sessions[id.session];
  ChainFound& chain = outbox.chains[partition];
  const std::size_t before = outbox.seen.ranges() + session.seen.ranges() + chain.gaps.ranges();
  if (session.seen.contains(id.seq)) {
    ++session.doubled;
    // A copy may know what died since the first one was sent.
    chain.gaps.erase(id.prev + 1, id.seq);
  } else {
    session.seen.add(id.seq, id.seq);
    outbox.seen.add(id.seq, id.seq);
    follow(partition, outbox, chain, id);
  }
  ranges_ += outbox.seen.ranges() + session.seen.ranges() + chain.gaps.ranges() - before;
  overflown_ = ranges_ > ranges_max_;
}

void TopicAudit::follow(std::int32_t partition, OutboxFound& outbox, ChainFound& chain,
                        const inbox::MessageId& id) {
  const bool in_order =
      id.session > chain.session || (id.session == chain.session && id.seq > chain.high);
  if (chain.first == 0) chain.first = id.seq;
  chain.gaps.erase(id.prev + 1, id.seq);
  // What the log has lost with its beginning cannot be asked for.
  const bool removed = begins_[partition] > 0 && id.prev < chain.first;
  if (id.prev > 0 && !removed && !outbox.seen.contains(id.prev)) chain.gaps.add(id.prev, id.prev);
  if (!in_order) {
    ++outbox.sessions[id.session].reordered;
    return;
  }
  chain.session = id.session;
  chain.high = id.seq;
}

void TopicAudit::finish() {
  for (auto& [name, outbox] : outboxes_) {
    for (const auto& [partition, first_offset] : begins_) {
      if (first_offset == 0) continue;
      const auto chain = outbox.chains.find(partition);
      // Nothing is left there: it may have held any number.
      const Seq through =
          chain == outbox.chains.end() ? outbox.seen.last() : chain->second.first - 1;
      outbox.undecided_through = std::max(outbox.undecided_through, through);
    }
  }
}

}  // namespace outbox::audit
