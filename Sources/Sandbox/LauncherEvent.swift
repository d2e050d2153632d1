// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// What the launcher tells the daemon. One message of the socket each.
public enum LauncherEvent: Hashable, Sendable {
    /// Carries the read ends of standard output and standard error, then some sockets.
    case started(InstanceID, SetUpTimes)
    /// Carries the trigger, then what `started` carries. A byte to the trigger has the program executed.
    case parked(InstanceID)
    case listening(InstanceID)
    case failed(InstanceID, LaunchFailure)
    case exited(InstanceID, InstanceExit)
    /// Answers `openSockets`; carries the sockets.
    case sockets(number: UInt64)
    case unpacked(job: UInt64, UnpackedLayer)
    case removed(job: UInt64)
    /// A part of the list; `last` ends it.
    case layers(job: UInt64, [Digest], last: Bool)
    case jobFailed(job: UInt64, reason: String, lacksRoom: Bool = false)
    /// Programs on this host have to wait for memory: what was made ahead of need should go.
    case memoryPressure
}

/// When the parts of an instance's set-up were done, in nanoseconds of `CLOCK_MONOTONIC`, which launcher and daemon share.
public struct SetUpTimes: Hashable, Sendable {
    /// Its first process ran, in its cgroup and in namespaces of its own.
    public var cloned: UInt64
    /// Its root was mounted, and its filter loaded: only its program was missing.
    public var mounted: UInt64

    public init(cloned: UInt64, mounted: UInt64) {
        self.cloned = cloned
        self.mounted = mounted
    }
}

extension LauncherEvent {
    /// The message's bytes. Sentences are cut to ``WireBounds/sentence``.
    public func encoded() -> [UInt8] {
        var writer = WireWriter()
        switch self {
        case .started(let id, let times):
            writer.integer(UInt8(1))
            writer.string(id.text)
            writer.integer(times.cloned)
            writer.integer(times.mounted)
        case .parked(let id):
            writer.integer(UInt8(10))
            writer.string(id.text)
        case .memoryPressure: writer.integer(UInt8(11))
        case .listening(let id):
            writer.integer(UInt8(2))
            writer.string(id.text)
        case .failed(let id, let failure):
            writer.integer(UInt8(3))
            writer.string(id.text)
            writer.sentence(failure.step)
            writer.integer(failure.errno)
        case .exited(let id, let exit):
            writer.integer(UInt8(4))
            writer.string(id.text)
            let (kind, value): (UInt8, Int32) =
                switch exit {
                case .exited(let status): (0, status)
                case .signaled(let signal): (1, signal)
                case .outOfMemory: (2, 0)
                }
            writer.integer(kind)
            writer.integer(value)
        case .sockets(let number):
            writer.integer(UInt8(5))
            writer.integer(number)
        case .unpacked(let job, let layer):
            writer.integer(UInt8(6))
            writer.integer(job)
            writer.integer(layer.entries)
            writer.integer(layer.bytes)
        case .removed(let job):
            writer.integer(UInt8(7))
            writer.integer(job)
        case .layers(let job, let digests, let last):
            writer.integer(UInt8(8))
            writer.integer(job)
            writer.integer(UInt8(last ? 1 : 0))
            writer.strings(digests.map(\.hex))
        case .jobFailed(let job, let reason, let lacksRoom):
            writer.integer(UInt8(9))
            writer.integer(job)
            writer.sentence(reason)
            writer.integer(UInt8(lacksRoom ? 1 : 0))
        }
        return writer.bytes
    }

    /// - Throws: ``WireError`` on anything that is not one whole message within ``WireBounds``.
    public init(decoding bytes: ArraySlice<UInt8>) throws(WireError) {
        var reader = WireReader(bytes)
        switch try reader.integer(UInt8.self) {
        case 1:
            let id = try reader.instanceID()
            let cloned = try reader.integer(UInt64.self)
            self = .started(id, SetUpTimes(cloned: cloned, mounted: try reader.integer()))
        case 2: self = .listening(try reader.instanceID())
        case 3:
            let id = try reader.instanceID()
            let step = try reader.string("a sentence", bound: WireBounds.sentence)
            self = .failed(id, LaunchFailure(step: step, errno: try reader.integer()))
        case 4: self = .exited(try reader.instanceID(), try reader.exit())
        case 5: self = .sockets(number: try reader.integer())
        case 6:
            let job = try reader.integer(UInt64.self)
            let entries = try reader.integer(UInt64.self)
            self = .unpacked(job: job, UnpackedLayer(entries: entries, bytes: try reader.integer()))
        case 7: self = .removed(job: try reader.integer())
        case 8:
            let job = try reader.integer(UInt64.self)
            let last = try reader.integer(UInt8.self) != 0
            var digests: [Digest] = []
            for _ in 0..<(try reader.count("digests", bound: WireBounds.digestsInMessage)) { digests.append(try reader.digest()) }
            self = .layers(job: job, digests, last: last)
        case 9:
            let job = try reader.integer(UInt64.self)
            let reason = try reader.string("a sentence", bound: WireBounds.sentence)
            self = .jobFailed(job: job, reason: reason, lacksRoom: try reader.integer(UInt8.self) != 0)
        case 10: self = .parked(try reader.instanceID())
        case 11: self = .memoryPressure
        case let kind: throw WireError("unknown event \(kind)")
        }
        try reader.end()
    }
}

extension WireReader {
    fileprivate mutating func exit() throws(WireError) -> InstanceExit {
        let kind = try integer(UInt8.self)
        let value = try integer(Int32.self)
        switch kind {
        case 0: return .exited(status: value)
        case 1: return .signaled(value)
        case 2: return .outOfMemory
        default: throw WireError("unknown exit \(kind)")
        }
    }
}

extension WireWriter {
    /// A text for people: zero bytes are taken out, and what is over the bound is cut at a character.
    fileprivate mutating func sentence(_ text: String) {
        var cut = text.filter { $0 != "\0" }
        if cut.utf8.count > WireBounds.sentence {
            cut = String(cut.unicodeScalars.prefix(WireBounds.sentence / 4).map(Character.init))
        }
        string(cut)
    }
}
