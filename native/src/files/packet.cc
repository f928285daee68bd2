#include "files/packet.h"

#include <cstring>

namespace lx::files {

const uint8_t* PacketReader::take(size_t size) {
  if (!good_ || size > size_ - at_) {
    good_ = false;
    return nullptr;
  }
  const uint8_t* start = data_ + at_;
  at_ += size;
  return start;
}

uint8_t PacketReader::u8() {
  const uint8_t* at = take(1);
  return at == nullptr ? 0 : *at;
}

uint32_t PacketReader::u32() {
  const uint8_t* at = take(4);
  if (at == nullptr) return 0;
  return static_cast<uint32_t>(at[0]) << 24 | static_cast<uint32_t>(at[1]) << 16 | static_cast<uint32_t>(at[2]) << 8 | at[3];
}

uint64_t PacketReader::u64() {
  const uint64_t high = u32();
  return high << 32 | u32();
}

std::string_view PacketReader::bytes() {
  const size_t size = u32();
  const uint8_t* at = take(size);
  return at == nullptr ? std::string_view{} : std::string_view(reinterpret_cast<const char*>(at), size);
}

std::string PacketReader::path() {
  const std::string_view text = bytes();
  if (text.find('\0') != std::string_view::npos) good_ = false;
  return std::string(text);
}

PacketWriter& PacketWriter::u8(uint8_t value) {
  data_.push_back(value);
  return *this;
}

PacketWriter& PacketWriter::u32(uint32_t value) {
  data_.resize(data_.size() + 4);
  patch(data_.size() - 4, value);
  return *this;
}

PacketWriter& PacketWriter::u64(uint64_t value) { return u32(static_cast<uint32_t>(value >> 32)).u32(static_cast<uint32_t>(value)); }

PacketWriter& PacketWriter::text(std::string_view value) {
  u32(static_cast<uint32_t>(value.size()));
  data_.insert(data_.end(), value.begin(), value.end());
  return *this;
}

uint8_t* PacketWriter::room(size_t size) {
  data_.resize(data_.size() + size);
  return data_.data() + data_.size() - size;
}

void PacketWriter::patch(size_t at, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) data_[at + i] = static_cast<uint8_t>(value >> (24 - 8 * i));
}

const std::vector<uint8_t>& PacketWriter::finish() {
  patch(0, static_cast<uint32_t>(data_.size() - 4));
  return data_;
}

}  // namespace lx::files
