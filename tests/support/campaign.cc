#include "support/campaign.h"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

namespace outbox::test {
namespace {

constexpr std::uint64_t Counts::*kNumbers[] = {
    &Counts::entries,   &Counts::lost,    &Counts::phantom, &Counts::doubled,
    &Counts::reordered, &Counts::altered, &Counts::other,   &Counts::resent};

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::uint64_t draw_seed() {
  const std::uint64_t seed = from_environment("OUTBOX_SEED", std::random_device{}());
  std::cout << "seed " << seed << " (replay: OUTBOX_SEED=" << seed << ")" << std::endl;
  return seed;
}

}  // namespace

Counts& Counts::operator+=(const Counts& more) {
  for (std::uint64_t Counts::*number : kNumbers) this->*number += more.*number;
  return *this;
}

Counts operator-(Counts after, const Counts& before) {
  for (std::uint64_t Counts::*number : kNumbers) after.*number -= before.*number;
  return after;
}

std::uint64_t base_seed() {
  static const std::uint64_t seed = draw_seed();
  return seed;
}

Campaign::Campaign(std::string row, std::uint64_t cycles)
    : row_(std::move(row)), cycles_(from_environment("OUTBOX_CYCLES", cycles)) {
  base_seed();
}

bool Campaign::next() {
  if (cycle_ >= cycles_) return false;
  ++cycle_;
  return true;
}

std::string Campaign::replay(std::uint64_t since) const {
  return row_ + ", cycle " + std::to_string(cycle()) +
         ": replay with OUTBOX_SEED=" + std::to_string(base_seed() + since) +
         " OUTBOX_CYCLES=" + std::to_string(cycle() - since + 1);
}

Campaign::~Campaign() {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
  const nlohmann::json line = {
      {"row", row_},
      {"n", cycle_},
      {"entries", counts_.entries},
      {"lost", counts_.lost},
      {"phantom", counts_.phantom},
      {"doubled", counts_.doubled},
      {"reordered", counts_.reordered},
      {"altered", counts_.altered},
      {"other", counts_.other},
      {"resent", counts_.resent},
      {"seed", base_seed()},
      {"seconds", took.count()},
  };
  std::cout << line.dump() << std::endl;
  if (const char* const file = std::getenv("OUTBOX_PROOF"); file != nullptr) {
    std::ofstream(file, std::ios::app) << line.dump() << "\n";
  }
}

}  // namespace outbox::test
