// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// What the launcher asks of `swiftlet-ahead`, the process that finds out which files a program reads until it is ready, and reads them ahead.
public enum ReadAheadOrder: Hashable, Sendable {
    /// From now on `number` stands for programs of these layers and arguments, whose list is kept under `key`. No more bytes are read ahead for one start
    /// than the function may have of memory.
    case know(number: UInt32, key: String, layers: [Digest], memory: UInt64)
    /// Such a program is about to be executed. Instances send it themselves when their trigger comes.
    case read(number: UInt32)
    /// Carries one descriptor, which tells of each file that such a program opens.
    case record(number: UInt32)
    /// One that is recorded listens: what its processes have mapped is to be looked at now, since they may end before the recording does. Carries two
    /// descriptors for each of them, of its `maps` and of its `pagemap` in `/proc`.
    case look(number: UInt32)
    /// The program is ready, and the same descriptors come; or with `keeps` false it has ended before.
    case finish(number: UInt32, keeps: Bool)
    /// The layer goes, and every list that names it.
    case forget(Digest)

    /// The first byte of `read`, whose rest is the number.
    public static let readKind: UInt8 = 2
}

/// What it tells.
public enum ReadAheadNews: Hashable, Sendable {
    /// There is a list under `key`; one that is not worth reading ahead has no files.
    case list(key: String, isHeavy: Bool)
    /// There was one, and it had to make room, or could not be read.
    case gone(key: String)
    /// All lists that were on disk have been told.
    case loaded
    /// Nothing came of a recording.
    case failed(number: UInt32)
    /// There are as many recordings as there may be.
    case noPlace(number: UInt32)
}

/// Bounds beside those of ``WireBounds``.
public enum ReadAheadBounds {
    /// Hexadecimal digits of a key: SHA-256 of ``InstanceSpec/programIdentity``. Who deploys a program chooses its arguments, and must not be able to choose a key
    /// that another's has.
    public static let key = 64
    /// Lists on disk.
    public static let lists = 256
    /// Processes of an instance whose mappings are looked at; two descriptors each, and a message carries 64.
    public static let processes = 30
    /// Bytes of one message: a few numbers, and the layers.
    public static let message = 16_384

    public static func isKey(_ text: String) -> Bool {
        text.utf8.count == key && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    static func check(key: String) throws(WireError) -> String {
        guard isKey(key) else { throw WireError("'\(key.prefix(64))' is no key of a list") }
        return key
    }
}

extension ReadAheadOrder {
    public func encoded() -> [UInt8] {
        var writer = WireWriter()
        switch self {
        case .know(let number, let key, let layers, let memory):
            writer.integer(UInt8(1))
            writer.integer(number)
            writer.string(key)
            writer.strings(layers.map(\.hex))
            writer.integer(memory)
        case .read(let number):
            writer.integer(Self.readKind)
            writer.integer(number)
        case .record(let number):
            writer.integer(UInt8(3))
            writer.integer(number)
        case .look(let number):
            writer.integer(UInt8(6))
            writer.integer(number)
        case .finish(let number, let keeps):
            writer.integer(UInt8(4))
            writer.integer(number)
            writer.integer(UInt8(keeps ? 1 : 0))
        case .forget(let layer):
            writer.integer(UInt8(5))
            writer.string(layer.hex)
        }
        return writer.bytes
    }

    /// - Throws: ``WireError`` on anything that is not one whole message.
    public init(decoding bytes: ArraySlice<UInt8>) throws(WireError) {
        var reader = WireReader(bytes)
        switch try reader.integer(UInt8.self) {
        case 1:
            let number = try reader.integer(UInt32.self)
            let key = try ReadAheadBounds.check(key: try reader.string("a key", bound: ReadAheadBounds.key))
            var layers: [Digest] = []
            for _ in 0..<(try reader.count("layers", bound: WireBounds.layers)) { layers.append(try reader.digest()) }
            self = .know(number: number, key: key, layers: layers, memory: try reader.integer())
        case Self.readKind: self = .read(number: try reader.integer())
        case 3: self = .record(number: try reader.integer())
        case 4:
            let number = try reader.integer(UInt32.self)
            self = .finish(number: number, keeps: try reader.integer(UInt8.self) != 0)
        case 5: self = .forget(try reader.digest())
        case 6: self = .look(number: try reader.integer())
        case let kind: throw WireError("unknown order \(kind)")
        }
        try reader.end()
    }
}

extension ReadAheadNews {
    public func encoded() -> [UInt8] {
        var writer = WireWriter()
        switch self {
        case .list(let key, let isHeavy):
            writer.integer(UInt8(1))
            writer.string(key)
            writer.integer(UInt8(isHeavy ? 1 : 0))
        case .gone(let key):
            writer.integer(UInt8(4))
            writer.string(key)
        case .loaded: writer.integer(UInt8(2))
        case .failed(let number):
            writer.integer(UInt8(3))
            writer.integer(number)
        case .noPlace(let number):
            writer.integer(UInt8(5))
            writer.integer(number)
        }
        return writer.bytes
    }

    /// - Throws: ``WireError`` on anything that is not one whole message.
    public init(decoding bytes: ArraySlice<UInt8>) throws(WireError) {
        var reader = WireReader(bytes)
        switch try reader.integer(UInt8.self) {
        case 1:
            let key = try ReadAheadBounds.check(key: try reader.string("a key", bound: ReadAheadBounds.key))
            self = .list(key: key, isHeavy: try reader.integer(UInt8.self) != 0)
        case 2: self = .loaded
        case 3: self = .failed(number: try reader.integer())
        case 4: self = .gone(key: try ReadAheadBounds.check(key: try reader.string("a key", bound: ReadAheadBounds.key)))
        case 5: self = .noPlace(number: try reader.integer())
        case let kind: throw WireError("unknown news \(kind)")
        }
        try reader.end()
    }
}
