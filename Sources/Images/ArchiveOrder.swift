// SPDX-License-Identifier: Apache-2.0
import Glibc

/// In which order an archive is best sent to a host: a layer that comes behind the documents that name it is unpacked while it comes.
public enum ArchiveOrder {
    /// Bytes of a member that is taken for a layer. Documents have less, and a layer that has less is no loss.
    public static let layerSize: UInt64 = 1 << 20

    /// The places of an archive in the order to send them. Together they are the whole archive, and read one behind the other they are one with the
    /// same members: the small ones first in their former order, then the large ones, the largest first, then what ends the archive. While a layer is
    /// made durable the next one is unpacked; what is left to wait for at the end is the smallest.
    ///
    /// - Parameters:
    ///   - descriptor: a regular file; it is only borrowed. The call reads headers from it.
    ///   - length: of the archive.
    ///   - memberLimit: of an archive with more members, nothing is moved.
    /// - Returns: the archive as it is where it is no plain tar.
    public static func places(descriptor: CInt, length: UInt64, memberLimit: Int = 10_000) -> [Range<UInt64>] {
        let asItIs = [0..<length]
        let index: TarIndex
        do {
            index = try TarIndex(length: length, memberLimit: memberLimit) { offset, count in
                var bytes = [UInt8](repeating: 0, count: count)
                guard pread(descriptor, &bytes, count, off_t(offset)) == count else { throw CancellationError() }
                return bytes
            }
        } catch { return asItIs }
        let end = index.spans.last?.place.upperBound ?? 0
        let small = index.spans.filter { $0.size <= layerSize }.map(\.place)
        let large = index.spans.filter { $0.size > layerSize }.sorted { $0.size > $1.size }.map(\.place)
        return (small + large + [end..<length]).filter { !$0.isEmpty }.reduce(into: []) { joined, place in
            if let last = joined.last, last.upperBound == place.lowerBound {
                joined[joined.count - 1] = last.lowerBound..<place.upperBound
            } else {
                joined.append(place)
            }
        }
    }
}
