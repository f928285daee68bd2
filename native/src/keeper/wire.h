#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "keeper/protocol.h"

namespace lx::keeper {

/// Reads a message. Every read is bounds-checked; after the first bad one all give zeros, and `finished` is false.
/// Texts and blobs point into the message, which must outlive them.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> data) : data_(data) {}

  uint8_t u8();
  uint16_t u16();
  uint32_t u32();
  uint64_t u64();
  bool flag();
  /// u32 length, bytes, a zero byte; no zero inside. Never null.
  const char* text();
  /// u8 0, or u8 1 and a text; null when absent.
  const char* optionalText();
  std::span<const std::byte> blob();
  /// Number of elements that follow, each at least `least` bytes long.
  size_t count(size_t least);

  /// Where the next read begins: what was read since an earlier `here` lies between.
  [[nodiscard]] const std::byte* here() const { return data_.data() + at_; }

  void refuse() { good_ = false; }
  [[nodiscard]] bool good() const { return good_; }
  /// All was read and all was right.
  [[nodiscard]] bool finished() const { return good_ && at_ == data_.size(); }

 private:
  const std::byte* take(size_t size);

  std::span<const std::byte> data_;
  size_t at_ = 0;
  bool good_ = true;
};

/// The seq of a message's header; 0 where it is cut off.
uint32_t seqOf(std::span<const std::byte> message);

/// Builds a message.
class Writer {
 public:
  Writer(Type type, uint32_t seq);

  Writer& u8(uint8_t value);
  Writer& u32(uint32_t value);
  Writer& u64(uint64_t value);
  Writer& text(std::string_view value);
  [[nodiscard]] std::span<const std::byte> data() const { return data_; }

 private:
  void append(const void* bytes, size_t size);

  std::vector<std::byte> data_;
};

}  // namespace lx::keeper
