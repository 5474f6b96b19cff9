#include "service/text.h"

#include <catch2/catch.hpp>
#include <random>

#include "service/nearest.h"

namespace outbox::service {
namespace {

TEST_CASE("base64: RFC 4648's own examples, both ways") {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(base64_encode(bytes) == text);
    CHECK(base64_decode(text) == bytes);
  }
}

TEST_CASE("base64: what is not strict is refused") {
  for (const char* bad : {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9v\n", "Zm 9", "=Zm9",
                          "Zg==Zg==", "Zm-_", "===="}) {
    INFO(bad);
    CHECK_FALSE(base64_decode(bad));
  }
}

TEST_CASE("base64: random bytes survive") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 500; ++i) {
    std::string bytes(random() % 70, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    CHECK(base64_decode(base64_encode(bytes)) == bytes);
  }
}

TEST_CASE("UTF-8: well-formed or not") {
  for (const char* good :
       {"", "plain", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xEF\xBF\xBF"}) {
    CHECK(is_utf8(good));
  }
  for (const char* bad : {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80",
                          "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xE2\x82", "a\xFF"}) {
    CHECK_FALSE(is_utf8(bad));
  }
}

TEST_CASE("what is shown on a terminal cannot steer it") {
  CHECK(printable("a\nb\t\x1b[2J", 80) == "a\\nb\\t\\x1b[2J");
  CHECK(printable("\xC2\x9B"
                  "2J",
                  80) == "\\xc2\\x9b2J");
  CHECK(printable("\xFF\xC3\xA9", 80) == "\\xff\xC3\xA9");
  CHECK(printable("abcdef", 3) == "abc...");
  CHECK(printable("abc", 3) == "abc");
}

TEST_CASE("the nearest name is a likely slip, or nothing") {
  constexpr std::string_view kNames[] = {"linger", "listen", "disk_reserve"};
  CHECK(nearest("lingr", kNames) == "linger");
  CHECK(nearest("disk_reserv", kNames) == "disk_reserve");
  CHECK(nearest("compression", kNames).empty());
  CHECK(did_you_mean("listn", kNames) == "; did you mean listen?");
}

}  // namespace
}  // namespace outbox::service
