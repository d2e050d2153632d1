// SPDX-License-Identifier: Apache-2.0
package import FunctionModel
import Glibc
package import LinuxSystem
package import Sandbox

/// What one instance's processes open, from the execution of its program on.
package final class FileRecording {
    /// Files up to this size are read whole; of larger ones, only what was used.
    private static let small: UInt64 = 128 << 10
    /// Bytes of a file that is large and was never mapped: it is taken to be read from its beginning on, where its pages are in memory.
    private static let mostUnmapped = 32 << 20
    /// Files opened after which enough was seen: whoever opens more opens the same again and again.
    private static let mostOpened = 65_536

    /// Times that a file is looked for in a layer; what is still to be found then is left out.
    package static let mostLookups = 32_768

    package let layers: [Digest]
    /// nil when enough was seen.
    package private(set) var group: Descriptor.Box?
    /// Paths in the instance's root, in the order in which they were first opened, and their sizes.
    private var order: [String] = []
    private var sizes: [String: UInt64] = [:]
    private var opened = 0
    /// Bytes of the paths; a list has room for no more than ``ReadList/mostText``.
    private var text = 0
    private var lookups = 0
    /// What of the large files was in use when it was looked at, by path.
    private var used: [String: [Bool]] = [:]

    package init(layers: [Digest], group: Descriptor.Box) {
        self.layers = layers
        self.group = group
    }

    /// Takes what was opened since the last time.
    ///
    /// - Returns: false when enough was seen.
    package func drain() -> Bool {
        // A program that opens files without end must not keep others waiting.
        for _ in 0..<32 {
            guard let group, let batch = try? OpenedFiles.next(group.number) else { return group != nil }
            for file in batch.files { add(Descriptor(owning: file)) }
            opened += batch.files.count
            if batch.isIncomplete || isFull || opened >= Self.mostOpened { self.group = nil }
        }
        return group != nil
    }

    private var isFull: Bool { order.count >= ReadList.mostFiles || text >= ReadList.mostText }

    private func add(_ file: consuming Descriptor) {
        guard let size = LayerFiles.size(file.number), size > 0, !isFull else { return }
        var buffer = [CChar](repeating: 0, count: WireBounds.path + 1)
        let length = readlink("/proc/self/fd/\(file.number)", &buffer, buffer.count)
        guard length > 1, length <= WireBounds.path,
            let path = String(validating: buffer[..<length].lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self), path.hasPrefix("/")
        else { return }
        guard sizes.updateValue(size, forKey: path) == nil else { return }
        order.append(path)
        text += path.utf8.count
    }

    /// Takes note of what its processes have mapped by now: they may be gone the next time.
    ///
    /// - Parameter mapped: their `maps` and `pagemap` in turns.
    func look(_ mapped: [Descriptor.Box]) {
        _ = drain()
        var seen = MappedPages(sizes: sizes.filter { $0.value > Self.small })
        for index in stride(from: 0, to: mapped.count - 1, by: 2) { seen.add(mapped[index].descriptor, table: mapped[index + 1].number) }
        for (path, pages) in seen.pages {
            let before = used[path] ?? []
            used[path] = before.count == pages.count ? zip(before, pages).map { $0 || $1 } : pages
        }
    }

    /// What was seen, as a list. What is sure comes before what may not have been read at all.
    package func list(_ files: LayerFiles) -> ReadList {
        var (sure, unsure): ([ReadList.File], [ReadList.File]) = ([], [])
        for path in order {
            guard let size = sizes[path], let (layer, file) = find(path, files), let (parts, isSure) = parts(path, file.number, size) else {
                continue
            }
            let found = ReadList.File(layer: layer, path: String(path.dropFirst()), parts: parts)
            if isSure { sure.append(found) } else { unsure.append(found) }
        }
        return ReadList(layers: layers, files: sure + unsure)
    }

    /// - Returns: nil for a small file of which no page is in memory: it was opened, and not read. A program may look at thousands so, for their times.
    private func parts(_ path: String, _ file: CInt, _ size: UInt64) -> (parts: [ReadList.Part], isSure: Bool)? {
        if size <= Self.small {
            let pages = LayerFiles.resident(file, offset: 0, length: Int(size))
            return pages.isEmpty || pages.contains(true) ? ([ReadList.Part(offset: 0, length: size)], true) : nil
        }
        let mapped = used[path].flatMap { $0.contains(true) ? $0 : nil }
        let pages = mapped ?? LayerFiles.resident(file, offset: 0, length: min(Int(clamping: size), Self.mostUnmapped))
        return (ReadList.parts(pages: pages, pageSize: UInt64(LayerFiles.pageSize), size: size), mapped != nil)
    }

    /// The topmost layer that has a file of this name is the one that it was opened in.
    private func find(_ path: String, _ files: LayerFiles) -> (layer: Int, file: Descriptor.Box)? {
        for layer in layers.indices.reversed() where lookups < Self.mostLookups {
            lookups += 1
            if let file = files.open(layers[layer], String(path.dropFirst())) { return (layer, file) }
        }
        return nil
    }
}
