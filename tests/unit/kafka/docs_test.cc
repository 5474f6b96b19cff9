#include "kafka/docs.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace outbox::kafka {
namespace {

std::filesystem::path doc(const char* name) {
  return std::filesystem::path(OUTBOX_DOCS_DIR) / name;
}

std::string contents(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

// OUTBOX_WRITE_DOCS=1 rewrites the files instead.
void check_or_write(const char* name, const std::string& wanted) {
  if (std::getenv("OUTBOX_WRITE_DOCS") != nullptr) {
    std::filesystem::create_directories(doc(name).parent_path());
    std::ofstream(doc(name)) << wanted;
  }
  INFO("docs/" << name << " is written by this test: run it with OUTBOX_WRITE_DOCS=1");
  CHECK(contents(doc(name)) == wanted);
}

TEST_CASE("docs/kafka-properties.md says what the table says") {
  check_or_write("kafka-properties.md", properties_markdown());
}

TEST_CASE("docs/kafka-consumer-properties.md says what the table says") {
  check_or_write("kafka-consumer-properties.md", consumer_properties_markdown());
}

TEST_CASE("docs/errors.md says what the tables say") {
  check_or_write("errors.md", errors_markdown());
}

TEST_CASE("docs/preflight.md says what the table says") {
  check_or_write("preflight.md", preflight_markdown());
}

}  // namespace
}  // namespace outbox::kafka
