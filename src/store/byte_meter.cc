#include "store/byte_meter.h"

#include <algorithm>

namespace outbox::store {

void ByteMeter::restart(Seq from, Seq through, std::uint64_t bytes) {
  pieces_.clear();
  pending_bytes_ = 0;
  if (through < from) return;
  pieces_.push_back({from, through, bytes});
  pending_bytes_ = bytes;
}

void ByteMeter::appended(Seq from, Seq through, std::uint64_t bytes) {
  pending_bytes_ += bytes;
  if (!pieces_.empty() && pieces_.back().through - pieces_.back().from + 1 < piece_entries_) {
    pieces_.back().through = through;
    pieces_.back().bytes += bytes;
    return;
  }
  pieces_.push_back({from, through, bytes});
  if (pieces_.size() > kPiecesMax) merge_neighbours();
}

/// Half as many points: memory does not grow with the backlog.
void ByteMeter::merge_neighbours() {
  piece_entries_ *= 2;
  std::deque<Piece> merged;
  for (const Piece& piece : pieces_) {
    if (!merged.empty() && piece.through - merged.back().from + 1 <= piece_entries_) {
      merged.back().through = piece.through;
      merged.back().bytes += piece.bytes;
    } else {
      merged.push_back(piece);
    }
  }
  pieces_ = std::move(merged);
}

std::uint64_t ByteMeter::settle_below(Seq head) {
  std::uint64_t settled = 0;
  while (!pieces_.empty() && pieces_.front().from < head) {
    Piece& piece = pieces_.front();
    if (piece.through < head) {
      settled += piece.bytes;
      pieces_.pop_front();
      continue;
    }
    const std::uint64_t entries = piece.through - piece.from + 1;
    const std::uint64_t part = piece.bytes / entries * (head - piece.from);
    settled += part;
    piece.bytes -= part;
    piece.from = head;
  }
  if (pieces_.empty()) piece_entries_ = kPieceEntries;
  pending_bytes_ -= std::min(pending_bytes_, settled);
  return settled;
}

}  // namespace outbox::store
