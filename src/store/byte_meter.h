#pragma once

#include <cstdint>
#include <deque>

#include "outbox/message.h"

namespace outbox::store {

/// How many bytes of a lane are below a sequence number, without a number per
/// entry: exact at some points, straight lines between. One thread at a time.
class ByteMeter {
 public:
  /// After opening: `bytes` lie in from..through.
  void restart(Seq from, Seq through, std::uint64_t bytes);
  void appended(Seq from, Seq through, std::uint64_t bytes);
  /// Bytes of the entries that were below `head` since the last call.
  std::uint64_t settle_below(Seq head);
  std::uint64_t pending_bytes() const { return pending_bytes_; }

 private:
  struct Piece {
    Seq from;
    Seq through;
    std::uint64_t bytes;
  };
  static constexpr std::uint64_t kPieceEntries = 1'024;
  static constexpr std::size_t kPiecesMax = 1'024;
  void merge_neighbours();

  std::deque<Piece> pieces_;
  std::uint64_t piece_entries_ = kPieceEntries;
  std::uint64_t pending_bytes_ = 0;
};

}  // namespace outbox::store
