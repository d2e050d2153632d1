// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// Which parts of its layers' files a program reads until it is ready, in the order in which it first opens them. It is kept as lines of text.
public struct ReadList: Hashable, Sendable {
    /// Bytes of one file.
    public struct Part: Hashable, Sendable {
        public var offset: UInt64
        public var length: UInt64

        public init(offset: UInt64, length: UInt64) {
            self.offset = offset
            self.length = length
        }
    }

    public struct File: Hashable, Sendable {
        /// Which of ``ReadList/layers`` it lies in.
        public var layer: Int
        /// From the layer's folder on.
        public var path: String
        public var parts: [Part]

        public init(layer: Int, path: String, parts: [Part]) {
            self.layer = layer
            self.path = path
            self.parts = parts
        }
    }

    /// Lowest first.
    public var layers: [Digest]
    /// None where the program reads so little that it is not worth while.
    public private(set) var files: [File]

    /// Bytes below which a program is not worth reading ahead: about as much as the kernel itself reads ahead in its first few goes.
    public static let heavy: UInt64 = 1 << 20
    public static let mostFiles = 4096
    public static let mostParts = 16_384
    /// Bytes of files; what comes behind is left out.
    public static let mostBytes: UInt64 = 512 << 20
    /// Bytes of a list as text.
    public static let mostText = 1 << 20

    /// Takes as much as the bounds allow. Files whose names cannot be kept are left out.
    public init(layers: [Digest], files: [File]) {
        self.layers = layers
        self.files = []
        var (bytes, parts, text) = (0 as UInt64, 0, 128 + 96 * layers.count)
        for file in files where Self.canKeep(file.path) && layers.indices.contains(file.layer) && !file.parts.isEmpty {
            bytes += Self.bytes(file)
            parts += file.parts.count
            text += file.path.utf8.count + 32 + 42 * file.parts.count  // Two numbers of 20 digits, and what parts them.
            guard self.files.count < Self.mostFiles, parts <= Self.mostParts, bytes <= Self.mostBytes, text <= Self.mostText else { break }
            self.files.append(file)
        }
        if self.bytes < Self.heavy { self.files = [] }
    }

    public var isHeavy: Bool { !files.isEmpty }
    public var bytes: UInt64 { files.reduce(0) { $0 + Self.bytes($1) } }

    private static func bytes(_ file: File) -> UInt64 { file.parts.reduce(0) { $0 &+ min($1.length, mostBytes + 1) } }

    /// Whether a path is plainly one below a folder. It is opened with rules of the kernel that allow no other; this keeps lists readable.
    static func canKeep(_ path: String) -> Bool {
        let utf8 = path.utf8
        guard (1...WireBounds.path).contains(utf8.count), utf8.allSatisfy({ $0 >= 32 && $0 != 127 }) else { return false }
        return utf8.split(separator: 47, omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
        }
    }

    /// Joins pages to parts. What lies between two that are close together is read too: one large request is quicker than two.
    ///
    /// - Parameters:
    ///   - pages: whether each page of the file is wanted.
    ///   - size: bytes of the file.
    public static func parts(pages: [Bool], pageSize: UInt64, size: UInt64) -> [Part] {
        let farthest = (64 << 10) / Int(pageSize)
        var runs: [(first: Int, end: Int)] = []
        for (page, isWanted) in pages.enumerated() where isWanted {
            if let last = runs.last, page - last.end <= farthest {
                runs[runs.count - 1].end = page + 1
            } else {
                runs.append((page, page + 1))
            }
        }
        return runs.compactMap { run in
            let (offset, end) = (UInt64(run.first) * pageSize, min(size, UInt64(run.end) * pageSize))
            return offset < end ? Part(offset: offset, length: end - offset) : nil
        }
    }
}

extension ReadList {
    private static let head = "swiftlet read-ahead 1"

    /// What is kept on disk. The last line says that nothing is missing.
    public var text: String {
        var lines = [Self.head] + layers.map { "layer \($0.hex)" }
        for file in files {
            let parts = file.parts.map { "\($0.offset)+\($0.length)" }.joined(separator: ",")
            lines.append("file \(file.layer) \(parts) \(file.path)")
        }
        return (lines + ["end", ""]).joined(separator: "\n")
    }

    /// - Throws: ``WireError`` on anything that is not one whole list within its bounds.
    public init(text: String) throws(WireError) {
        guard text.utf8.count <= Self.mostText else { throw WireError("a list of \(text.utf8.count) bytes, the limit is \(Self.mostText)") }
        // By bytes: a character may be a line's end, or a space, and what an image's name has behind it.
        var lines = text.utf8.split(separator: 10, omittingEmptySubsequences: false).map { Substring($0) }[...]
        guard lines.popFirst() == Self.head[...], lines.popLast() == "", lines.popLast() == "end" else {
            throw WireError("a list without its first or last line")
        }
        var (layers, files): ([Digest], [File]) = ([], [])
        for line in lines {
            let words = line.utf8.split(separator: 32, maxSplits: 3, omittingEmptySubsequences: false).map { Substring($0) }
            if words.count == 2, words[0] == "layer", let layer = Digest(hex: String(words[1])) {
                guard layers.count < WireBounds.layers else { throw WireError("more than \(WireBounds.layers) layers in a list") }
                layers.append(layer)
            } else if words.count == 4, words[0] == "file", let layer = Int(words[1]), let parts = Self.parts(words[2]) {
                files.append(File(layer: layer, path: String(words[3]), parts: parts))
            } else {
                throw WireError("a line of a list that is none: '\(line.prefix(80))'")
            }
        }
        self.init(layers: layers, files: files)
        guard self.files == files else { throw WireError("a list beyond its bounds") }
    }

    private static func parts(_ text: Substring) -> [Part]? {
        var parts: [Part] = []
        for word in text.utf8.split(separator: 44, omittingEmptySubsequences: false) {
            let numbers = word.split(separator: 43, omittingEmptySubsequences: false).map { Substring($0) }
            guard numbers.count == 2, let offset = UInt64(numbers[0]), let length = UInt64(numbers[1]), length > 0,
                offset <= UInt64(Int64.max), length <= UInt64(Int64.max) - offset
            else { return nil }
            parts.append(Part(offset: offset, length: length))
        }
        return parts
    }
}
