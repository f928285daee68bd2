#include "keeper/wire.h"

#include <bit>
#include <cstring>

namespace lx::keeper {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie");

const std::byte* Reader::take(size_t size) {
  if (!good_ || size > data_.size() - at_) {
    good_ = false;
    return nullptr;
  }
  const std::byte* start = data_.data() + at_;
  at_ += size;
  return start;
}

namespace {

template <typename Number>
Number number(const std::byte* start) {
  Number value = 0;
  if (start != nullptr) std::memcpy(&value, start, sizeof value);
  return value;
}

}  // namespace

uint8_t Reader::u8() { return number<uint8_t>(take(sizeof(uint8_t))); }
uint16_t Reader::u16() { return number<uint16_t>(take(sizeof(uint16_t))); }
uint32_t Reader::u32() { return number<uint32_t>(take(sizeof(uint32_t))); }
uint64_t Reader::u64() { return number<uint64_t>(take(sizeof(uint64_t))); }

bool Reader::flag() {
  const uint8_t value = u8();
  if (value > 1) refuse();
  return value == 1;
}

const char* Reader::text() {
  const size_t size = u32();
  const auto* start = reinterpret_cast<const char*>(take(size));
  const std::byte* end = take(1);
  if (start == nullptr || end == nullptr || *end != std::byte{0} || std::memchr(start, 0, size) != nullptr) {
    refuse();
    return "";
  }
  return start;
}

const char* Reader::optionalText() { return flag() ? text() : nullptr; }

std::span<const std::byte> Reader::blob() {
  const size_t size = u32();
  const std::byte* start = take(size);
  return start == nullptr ? std::span<const std::byte>{} : std::span(start, size);
}

size_t Reader::count(size_t least) {
  const size_t many = u32();
  // Bounds what a small message can make us allocate.
  if (!good_ || many > (data_.size() - at_) / least) {
    refuse();
    return 0;
  }
  return many;
}

uint32_t seqOf(std::span<const std::byte> message) {
  uint32_t seq = 0;
  if (message.size() >= kHeaderSize) std::memcpy(&seq, message.data() + 4, sizeof seq);
  return seq;
}

Writer::Writer(Type type, uint32_t seq) {
  const auto code = static_cast<uint16_t>(type);
  const uint16_t zero = 0;
  append(&code, sizeof code);
  append(&zero, sizeof zero);
  append(&seq, sizeof seq);
}

void Writer::append(const void* bytes, size_t size) {
  const auto* start = static_cast<const std::byte*>(bytes);
  data_.insert(data_.end(), start, start + size);
}

Writer& Writer::u8(uint8_t value) {
  append(&value, sizeof value);
  return *this;
}

Writer& Writer::u32(uint32_t value) {
  append(&value, sizeof value);
  return *this;
}

Writer& Writer::u64(uint64_t value) {
  append(&value, sizeof value);
  return *this;
}

Writer& Writer::text(std::string_view value) {
  u32(static_cast<uint32_t>(value.size()));
  append(value.data(), value.size());
  return u8(0);
}

}  // namespace lx::keeper
