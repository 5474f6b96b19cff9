#include "sqlite.h"

#include "measure.h"

namespace outbox::bench {
namespace {

constexpr int kBusyLimit_ms = 10'000;

void must_be(bool fine, sqlite3* db) {
  if (!fine) die(std::string("SQLite: ") + sqlite3_errmsg(db));
}

}  // namespace

Sqlite::Sqlite(const std::filesystem::path& file) {
  must_be(sqlite3_open(file.c_str(), &db_) == SQLITE_OK, db_);
  // Appends and deletions take turns; without it who comes second is refused.
  must_be(sqlite3_busy_timeout(db_, kBusyLimit_ms) == SQLITE_OK, db_);
}

Sqlite::~Sqlite() { sqlite3_close(db_); }

void Sqlite::run(const char* sql) {
  must_be(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK, db_);
}

Sqlite::Statement::Statement(Sqlite& db, const char* sql) : db_(db.db_) {
  must_be(sqlite3_prepare_v2(db_, sql, -1, &statement_, nullptr) == SQLITE_OK, db_);
}

Sqlite::Statement::~Statement() { sqlite3_finalize(statement_); }

Sqlite::Statement& Sqlite::Statement::bind(int index, std::int64_t value) {
  must_be(sqlite3_bind_int64(statement_, index, value) == SQLITE_OK, db_);
  return *this;
}

Sqlite::Statement& Sqlite::Statement::bind(int index, std::string_view value) {
  must_be(sqlite3_bind_blob64(statement_, index, value.data(), value.size(), SQLITE_STATIC) ==
              SQLITE_OK,
          db_);
  return *this;
}

bool Sqlite::Statement::step() {
  const int result = sqlite3_step(statement_);
  must_be(result == SQLITE_ROW || result == SQLITE_DONE, db_);
  return result == SQLITE_ROW;
}

std::int64_t Sqlite::Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string_view Sqlite::Statement::blob(int column) const {
  const auto* const data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void Sqlite::Statement::reset() { must_be(sqlite3_reset(statement_) == SQLITE_OK, db_); }

void Sqlite::Statement::run() {
  while (step()) {
  }
  reset();
}

}  // namespace outbox::bench
