#pragma once

#include <cstdint>
#include <optional>
#include <string>

// Quotas of btrfs: each subvolume has a group, 0/<its number>, that counts it and may have a limit (btrfs-quota(8)).
namespace lx::btrfs {

/// What is counted of a subvolume. A subvolume nested in it is counted by itself.
struct Usage {
  /// Bytes that it refers to, alone or with others.
  uint64_t referenced;
  /// Bytes of these that nothing else refers to.
  uint64_t exclusive;
};

/// Of the subvolume at `path`, as it was when the file system last wrote its trees; nullopt where nothing is counted.
std::optional<Usage> usageOf(const std::string& path);

/// Lets the subvolume at `path` refer to so many bytes at most; nullopt: to any number. Quotas of the file system are begun with
/// the first limit, which takes as long as counting all there is. Does nothing where it is so.
void limit(const std::string& path, std::optional<uint64_t> bytes);

/// Removes the groups of subvolumes that are gone, which a kernel keeps when the subvolume was not cleared away yet as it was
/// deleted. `path`: of anything on the file system.
void sweepGroups(const std::string& path);

}  // namespace lx::btrfs
