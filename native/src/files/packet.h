#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lx::files {

/// Reads a packet of SFTP: big-endian numbers, texts as u32 length and bytes. Every read is bounds-checked; after the first bad
/// one all give zeros, and `good` is false.
class PacketReader {
 public:
  PacketReader(const uint8_t* data, size_t size) : data_(data), size_(size) {}

  uint8_t u8();
  uint32_t u32();
  uint64_t u64();
  /// Points into the packet.
  std::string_view bytes();
  /// For the kernel: what has a zero byte in it is bad.
  std::string path();
  [[nodiscard]] bool good() const { return good_; }

 private:
  const uint8_t* take(size_t size);

  const uint8_t* data_;
  size_t size_;
  size_t at_ = 0;
  bool good_ = true;
};

/// Builds a packet, its length in front.
class PacketWriter {
 public:
  explicit PacketWriter(uint8_t type) : data_(4) { u8(type); }

  PacketWriter& u8(uint8_t value);
  PacketWriter& u32(uint32_t value);
  PacketWriter& u64(uint64_t value);
  PacketWriter& text(std::string_view value);
  /// Room for so many bytes, to be filled by the caller.
  uint8_t* room(size_t size);
  /// Takes back what was not filled.
  void shrink(size_t unused) { data_.resize(data_.size() - unused); }
  /// A u32 that was written before.
  void patch(size_t at, uint32_t value);
  [[nodiscard]] size_t size() const { return data_.size(); }
  /// The whole packet.
  const std::vector<uint8_t>& finish();

 private:
  std::vector<uint8_t> data_;
};

}  // namespace lx::files
