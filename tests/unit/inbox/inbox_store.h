#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "inbox/store.h"
#include "support/temp_dir.h"

namespace outbox::inbox::test {

inline StoreSettings settings(const std::string& group = "g") {
  StoreSettings out;
  out.families = {"state"};
  out.group = group;
  out.write_buffer_bytes = std::size_t{4} << 20;
  out.log = null_logger();
  return out;
}

inline std::unique_ptr<Store> open_store(const std::filesystem::path& dir) {
  auto store = Store::open(dir, settings());
  REQUIRE(store.status() == Status());
  return std::move(*store);
}

}  // namespace outbox::inbox::test
