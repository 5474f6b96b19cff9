#include "inbox/message_id.h"

#include <catch2/catch.hpp>

#include "model/rng.h"
#include "store/format.h"
#include "support/campaign.h"

namespace outbox::inbox {
namespace {

TEST_CASE("message id: what a relay writes is read") {
  const auto id = parse_message_id("0a1b2c3d.19b0a2b4c00/7", "5");
  REQUIRE(id);
  CHECK(*id == MessageId{0x0a1b2c3d, 0x19b0a2b4c00, 7, 5});
  CHECK(outbox_text(id->outbox) == "0a1b2c3d");
}

TEST_CASE("message id: every id comes back as it was written") {
  model::Rng rng(outbox::test::base_seed());
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t seq = 1 + (rng.next() >> rng.below(63));
    const MessageId id{static_cast<std::uint32_t>(rng.next()), rng.next() >> rng.below(64), seq,
                       rng.below(seq)};
    const std::string text =
        store::session_prefix(outbox_text(id.outbox), id.session) + std::to_string(id.seq);
    INFO(text);
    CHECK(parse_message_id(text, std::to_string(id.prev)) == id);
  }
}

TEST_CASE("message id: any other text is a message without one") {
  const std::pair<const char*, const char*> wrong[] = {
      {"", "0"},
      {"0a1b2c3d.1/7", ""},
      {"0a1b2c3d.1/7", "7"},                    // names itself
      {"0a1b2c3d.1/7", "8"},                    // names a later one
      {"0a1b2c3d.1/7", "-1"},                   //
      {"0a1b2c3d.1/7", "+5"},                   //
      {"0a1b2c3d.1/7", "05"},                   //
      {"0a1b2c3d.1/7", "5 "},                   //
      {"0a1b2c3d.1/0", "0"},                    // 0 is never an entry
      {"0a1b2c3d.1/07", "5"},                   //
      {"0a1b2c3d.01/7", "5"},                   //
      {"0a1b2c3d./7", "5"},                     //
      {"0a1b2c3d.1/", "5"},                     //
      {"0a1b2c3d.1", "5"},                      //
      {"0A1b2c3d.1/7", "5"},                    // upper case
      {"0a1b2c3d.F/7", "5"},                    //
      {"a1b2c3d.1/7", "5"},                     // seven digits
      {"00a1b2c3d.1/7", "5"},                   // nine
      {"0a1b2c3g.1/7", "5"},                    //
      {"0a1b2c3d.1/7/8", "5"},                  //
      {"0a1b2c3d.1.2/7", "5"},                  //
      {"0a1b/c3d.1/7", "5"},                    //
      {" 0a1b2c3.1/7", "5"},                    //
      {"0a1b2c3d.1/7x", "5"},                   //
      {"0a1b2c3d.0x1/7", "5"},                  //
      {"0a1b2c3d.10000000000000000/7", "5"},    // 65 bits
      {"0a1b2c3d.1/18446744073709551616", "5"}  //
  };
  for (const auto& [id, prev] : wrong) {
    INFO('"' << id << "\" after \"" << prev << '"');
    CHECK_FALSE(parse_message_id(id, prev));
  }
}

TEST_CASE("message id: the relay's headers stand behind the user's") {
  std::vector<Header> headers{{"outbox-id", "0a1b2c3d.1/7"}, {"outbox-prev", "6"}};
  CHECK(message_id_of(headers)->seq == 7);
  headers.push_back({"outbox-id", "0a1b2c3d.1/9"});
  headers.push_back({"outbox-prev", "8"});
  CHECK(message_id_of(headers)->seq == 9);
  headers.push_back({"outbox-prev", std::nullopt});
  CHECK_FALSE(message_id_of(headers));
  CHECK_FALSE(message_id_of({}));
}

}  // namespace
}  // namespace outbox::inbox
