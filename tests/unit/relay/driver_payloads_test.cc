#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "relay/inbox.h"
#include "relay/message_builder.h"
#include "relay/payloads.h"
#include "unit/relay/test_slab.h"

namespace outbox::relay {
namespace {

using test::message_of;
using test::TestSlab;

std::shared_ptr<TestSlab> slab_of(Seq first, std::size_t count) {
  auto slab = std::make_shared<TestSlab>();
  for (Seq seq = first; seq < first + count; ++seq) slab->add(1, seq, message_of("value"));
  return slab;
}

Handle add(Payloads& payloads, const store::SlabPtr& slab, std::size_t index) {
  const store::SlabEntry& entry = slab->entries()[index];
  const auto record = store::decode(entry.record, entry.lane, entry.seq);
  REQUIRE(record.ok());
  return payloads.add(entry, *record);
}

TEST_CASE("a slab is pinned once for all its entries, and given back with the last") {
  Payloads payloads(10'000);
  std::weak_ptr<const store::Slab> watched;
  std::vector<Handle> handles;
  {
    const store::SlabPtr slab = slab_of(1, 3);
    watched = slab;
    for (std::size_t i = 0; i < 3; ++i) handles.push_back(add(payloads, slab, i));
  }
  CHECK(payloads.pinned_bytes() == 1'000);
  payloads.release(handles[0]);
  payloads.release(handles[2]);
  CHECK_FALSE(watched.expired());
  CHECK(payloads.get(handles[1]).record.value == "value");
  payloads.release(handles[1]);
  CHECK(watched.expired());
  CHECK(payloads.pinned_bytes() == 0);
  CHECK(payloads.count() == 0);
}

TEST_CASE("an entry that may linger is copied out and pins nothing") {
  Payloads payloads(10'000);
  std::weak_ptr<const store::Slab> watched;
  Handle handle = 0;
  {
    const store::SlabPtr slab = slab_of(1, 1);
    watched = slab;
    handle = add(payloads, slab, 0);
  }
  payloads.copy_out(handle);
  CHECK(watched.expired());
  const store::RecordView& record = payloads.get(handle).record;
  CHECK(record.key == "key");
  CHECK(record.value == "value");
  store::HeaderCursor cursor(record);
  std::string_view name;
  std::optional<std::string_view> value;
  REQUIRE(cursor.next(name, value));
  CHECK(name == "name");
  CHECK(value == "value");
  REQUIRE(cursor.next(name, value));
  CHECK(name == "null");
  CHECK(value == std::nullopt);
}

TEST_CASE("beyond the limit entries are copied instead of pinning another slab") {
  Payloads payloads(1'500);
  std::weak_ptr<const store::Slab> second;
  const store::SlabPtr first = slab_of(1, 1);
  add(payloads, first, 0);
  {
    const store::SlabPtr slab = slab_of(2, 1);
    second = slab;
    add(payloads, slab, 0);
  }
  CHECK(second.expired());
  CHECK(payloads.pinned_bytes() == 1'000);
}

TEST_CASE("what a producer reads stays until it is reported, whatever the core says") {
  Payloads payloads(10'000);
  std::weak_ptr<const store::Slab> watched;
  Handle handle = 0;
  {
    const store::SlabPtr slab = slab_of(1, 1);
    watched = slab;
    handle = add(payloads, slab, 0);
  }
  payloads.lend(handle, Channel::kMain);
  payloads.copy_out(handle);  // must not move what librdkafka reads
  payloads.release(handle);
  CHECK_FALSE(watched.expired());
  SECTION("reported") {
    payloads.reported(handle, Channel::kMain);
    CHECK(watched.expired());
  }
  SECTION("its producer is gone") {
    payloads.producer_gone(Channel::kProbe);
    CHECK_FALSE(watched.expired());
    payloads.producer_gone(Channel::kMain);
    CHECK(watched.expired());
  }
  SECTION("its producer hangs: for ever") {
    payloads.producer_left_behind(Channel::kMain);
    payloads.producer_gone(Channel::kMain);
    CHECK_FALSE(watched.expired());
  }
}

TEST_CASE("a message carries the user's headers, then its id and its predecessor") {
  MessageBuilder builder("cafe0123", true);
  const store::SlabPtr slab = slab_of(1, 1);
  const auto record = store::decode(slab->entries()[0].record, 1, 1);
  REQUIRE(record.ok());
  const kafka::OutMessage& message = builder.build(*record, 18'446'744'073'709'551'615U, 7);
  REQUIRE(message.headers.size() == 4);
  CHECK(std::string(message.headers[0].name) == "name");
  CHECK(message.headers[0].value == "value");
  CHECK(std::string(message.headers[1].name) == "null");
  CHECK(message.headers[1].value == std::nullopt);
  CHECK(std::string(message.headers[2].name) == "outbox-id");
  CHECK(message.headers[2].value == "cafe0123.2a/18446744073709551615");
  CHECK(std::string(message.headers[3].name) == "outbox-prev");
  CHECK(message.headers[3].value == "7");
  CHECK(message.timestamp_ms == 5);

  MessageBuilder plain("cafe0123", false);
  CHECK(plain.build(*record, 1, 0).headers.size() == 2);
}

TEST_CASE("a requeued entry goes under its own new number, and names its old one") {
  Message message;
  message.topic = "orders";
  message.value = "again";
  message.headers.push_back({"outbox-requeued-from", "cafe0123.2a/7"});
  std::string body;
  store::encode_body(message, 0x2b, 5, body);
  store::seal(body, 1, 90);
  const auto record = store::decode(body, 1, 90);
  REQUIRE(record.ok());
  MessageBuilder builder("cafe0123", true);
  const kafka::OutMessage& sent = builder.build(*record, 90, 89);
  REQUIRE(sent.headers.size() == 3);
  CHECK(sent.headers[0].value == "cafe0123.2a/7");
  CHECK(std::string(sent.headers[1].name) == "outbox-id");
  CHECK(sent.headers[1].value == "cafe0123.2b/90");
}

TEST_CASE("a full inbox keeps the numbers and drops the slabs, and leaves no hole") {
  Inbox inbox;
  auto large = slab_of(1, 2);
  large->set_bytes(Inbox::kBytesMax);
  auto small = slab_of(5, 1);
  inbox.push(large);
  inbox.push(slab_of(3, 2));
  inbox.push(small);
  Inbox::Taken taken = inbox.take();
  CHECK(taken.slabs.size() == 1);
  REQUIRE(taken.missed.contains(1));
  CHECK(taken.missed[1].first == 3);
  CHECK(taken.missed[1].last == 5);
  inbox.push(small);
  taken = inbox.take();
  CHECK(taken.slabs.size() == 1);
  CHECK(taken.missed.empty());
}

}  // namespace
}  // namespace outbox::relay
