#include "journal/database.hpp"

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/string_generator.hpp>

#include "journal/schema.hpp"
#include "journal/sqlite.hpp"
#include "journal/writer.hpp"

namespace totemd {

Database::Database(DatabaseOptions options)
    : writer_(std::make_unique<Writer>(std::move(options))) {}

Database::~Database() {
    stop();
}

void Database::write(std::unique_ptr<Work> work, Urgency urgency) {
    writer_->write(std::move(work), urgency);
}
void Database::post(Task task) {
    writer_->post(std::move(task));
}
void Database::at(std::int64_t unixNs, Task task) {
    writer_->at(unixNs, std::move(task));
}
void Database::emptyLog() {
    writer_->emptyLog();
}
void Database::wake() {
    writer_->wake();
}
void Database::stop() {
    writer_->stop();
}
std::int64_t Database::now() const {
    return writer_->now();
}
bool Database::inWriter() const {
    return writer_->inWriter();
}
bool Database::writable() const {
    return writer_->writable();
}
DatabaseCounters Database::counters() const {
    return writer_->counters();
}
const DatabaseOptions& Database::options() const {
    return writer_->options();
}
std::int64_t Database::nextSeq() {
    return writer_->nextSeq();
}
std::uint64_t Database::batch() const {
    return writer_->batch();
}

std::string Database::fingerprint(const std::string& text) const {
    const boost::uuids::uuid id = writer_->fingerprints()(text);
    return {reinterpret_cast<const char*>(id.data), id.size()};
}

}  // namespace totemd
