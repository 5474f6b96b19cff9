#include "service/line_reader.h"

#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "service/fd.h"

namespace outbox::service {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) std::abort();
    out = Fd(ends[0]);
    in = Fd(ends[1]);
  }
  void write(const std::string& text) const {
    static_cast<void>(!::write(in.get(), text.data(), text.size()));
  }
  Fd out;
  Fd in;
};

std::vector<std::string> all(LineReader& reader) {
  std::vector<std::string> lines;
  std::string_view line;
  while (*reader.next(line)) lines.emplace_back(line);
  return lines;
}

TEST_CASE("lines are split at \\n only, and keep every other byte") {
  Pipe pipe;
  pipe.write(std::string("a\r\n\n\0b\nlast", 11));
  pipe.in.reset();
  LineReader reader(pipe.out.get(), 100);
  CHECK(all(reader) == std::vector<std::string>{"a\r", "", std::string("\0b", 2), "last"});
  CHECK(reader.number() == 4);
  CHECK(reader.bytes_read() == 11);
}

TEST_CASE("lines across many reads") {
  Pipe pipe;
  std::vector<std::string> wanted;
  for (std::size_t i = 0; i < 300; ++i)
    wanted.push_back(std::string(i * 7, 'x') + std::to_string(i));
  std::thread writer([&] {
    for (const std::string& line : wanted) pipe.write(line + "\n");
    pipe.in.reset();
  });
  LineReader reader(pipe.out.get(), 10'000);
  CHECK(all(reader) == wanted);
  writer.join();
}

TEST_CASE("a line that is too long is an error with its number, not memory") {
  Pipe pipe;
  std::thread writer([&] {
    pipe.write("ok\n");
    for (int i = 0; i < 100; ++i) pipe.write(std::string(10'000, 'x'));
    pipe.in.reset();
  });
  LineReader reader(pipe.out.get(), 200'000);
  std::string_view line;
  CHECK(*reader.next(line));
  const auto second = reader.next(line);
  REQUIRE_FALSE(second.ok());
  CHECK(second.status().code() == Code::kTooLarge);
  CHECK(second.status().message().starts_with("line 2:"));
  // Unblocks the writer.
  std::array<char, 65'536> rest{};
  while (::read(pipe.out.get(), rest.data(), rest.size()) > 0) {
  }
  writer.join();
}

TEST_CASE("ready tells whether the writer is slower than we are") {
  Pipe pipe;
  LineReader reader(pipe.out.get(), 100);
  CHECK_FALSE(reader.ready());
  pipe.write("a\nb\n");
  CHECK(reader.ready());
  std::string_view line;
  CHECK(*reader.next(line));
  CHECK(reader.ready());
  CHECK(*reader.next(line));
  CHECK_FALSE(reader.ready());
  pipe.in.reset();
  CHECK(reader.ready());
}

}  // namespace
}  // namespace outbox::service
