// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import LinuxSystem

/// What the daemon may ask of the launcher. One message of the socket each.
public enum LauncherRequest: Hashable, Sendable {
    case start(InstanceSpec)
    /// Makes the instance so far that only its program is to be executed; `parked` follows, and a byte to its trigger does the rest.
    case park(InstanceSpec)
    /// What was to be parked is wanted now: it goes on to its program as one that was started does. Nothing where `parked`, `failed` or `exited` was told.
    case claim(InstanceID)
    /// `number` comes back in the answer. `count` is at most ``WireBounds/sockets``.
    case openSockets(number: UInt64, InstanceID, count: UInt8)
    /// `graceMilliseconds` lie between SIGTERM and SIGKILL.
    case stop(InstanceID, graceMilliseconds: UInt32)
    /// Carries the blob, open for reading, and where the room for the layer is bounded the `RoomPage` in whose `place` its unpacker counts.
    case unpack(job: UInt64, diffID: Digest, offset: UInt64, length: UInt64, compression: LayerCompression, UnpackLimits, place: UInt16)
    /// A layer that was to be unpacked is needed no more. `jobFailed` follows, or `unpacked` where it is in place already.
    case cancelJob(job: UInt64)
    case removeLayer(job: UInt64, diffID: Digest)
    case listLayers(job: UInt64)
    /// Carries one descriptor, a listening socket: every daemon that comes after this one gets it too.
    case keepListener(ListenerName)
    /// No process of the instance runs from now on, until `thaw` or its end.
    case freeze(InstanceID)
    case thaw(InstanceID)
    /// The program of an instance listens whose spec has that not reported: it is held to its share of the processors from now on.
    case listens(InstanceID)
}

/// Which of the daemon's listening sockets one is.
public enum ListenerName: UInt8, CaseIterable, Hashable, Sendable, CustomStringConvertible {
    case plain, secure

    public var description: String { self == .plain ? "plain" : "secure" }
}

extension LauncherRequest {
    /// The message's bytes.
    public func encoded() -> [UInt8] {
        var writer = WireWriter()
        switch self {
        case .start(let spec):
            writer.integer(UInt8(1))
            spec.write(to: &writer)
        case .park(let spec):
            writer.integer(UInt8(7))
            spec.write(to: &writer)
        case .openSockets(let number, let id, let count):
            writer.integer(UInt8(2))
            writer.integer(number)
            writer.string(id.text)
            writer.integer(count)
        case .stop(let id, let grace):
            writer.integer(UInt8(3))
            writer.string(id.text)
            writer.integer(grace)
        case .unpack(let job, let diffID, let offset, let length, let compression, let limits, let place):
            writer.integer(UInt8(4))
            writer.integer(job)
            writer.string(diffID.hex)
            writer.integer(offset)
            writer.integer(length)
            writer.integer(compression.rawValue)
            for limit in UnpackLimit.allCases { writer.integer(limits[limit]) }
            writer.integer(place)
        case .removeLayer(let job, let diffID):
            writer.integer(UInt8(5))
            writer.integer(job)
            writer.string(diffID.hex)
        case .listLayers(let job):
            writer.integer(UInt8(6))
            writer.integer(job)
        case .keepListener(let name):
            writer.integer(UInt8(8))
            writer.integer(name.rawValue)
        case .freeze(let id):
            writer.integer(UInt8(9))
            writer.string(id.text)
        case .thaw(let id):
            writer.integer(UInt8(10))
            writer.string(id.text)
        case .listens(let id):
            writer.integer(UInt8(11))
            writer.string(id.text)
        case .claim(let id):
            writer.integer(UInt8(12))
            writer.string(id.text)
        case .cancelJob(let job):
            writer.integer(UInt8(13))
            writer.integer(job)
        }
        return writer.bytes
    }

    /// - Throws: ``WireError`` on anything that is not one whole message within ``WireBounds``.
    public init(decoding bytes: ArraySlice<UInt8>) throws(WireError) {
        guard bytes.count <= WireBounds.message else {
            throw WireError("\(bytes.count) bytes in a message, the limit is \(WireBounds.message)")
        }
        var reader = WireReader(bytes)
        switch try reader.integer(UInt8.self) {
        case 1: self = .start(try InstanceSpec(from: &reader))
        case 2:
            let number = try reader.integer(UInt64.self)
            let id = try reader.instanceID()
            let count = try reader.integer(UInt8.self)
            guard count <= WireBounds.sockets else { throw WireError("\(count) sockets, the limit is \(WireBounds.sockets)") }
            self = .openSockets(number: number, id, count: count)
        case 3: self = .stop(try reader.instanceID(), graceMilliseconds: try reader.integer())
        case 4:
            let job = try reader.integer(UInt64.self)
            let diffID = try reader.digest()
            let (offset, length) = (try reader.integer(UInt64.self), try reader.integer(UInt64.self))
            guard offset <= UInt64(Int64.max), length <= UInt64(Int64.max) - offset else {
                throw WireError("a layer's place lies beyond any file")
            }
            guard let compression = LayerCompression(rawValue: try reader.integer()) else { throw WireError("an unknown compression") }
            let limits = try reader.layerLimits()
            let place = try reader.integer(UInt16.self)
            guard place < RoomPage.places else { throw WireError("there is no place \(place) to count a layer's room in") }
            self = .unpack(
                job: job, diffID: diffID, offset: offset, length: length, compression: compression, limits, place: place)
        case 5: self = .removeLayer(job: try reader.integer(), diffID: try reader.digest())
        case 6: self = .listLayers(job: try reader.integer())
        case 7: self = .park(try InstanceSpec(from: &reader))
        case 8:
            guard let name = ListenerName(rawValue: try reader.integer()) else { throw WireError("an unknown listener") }
            self = .keepListener(name)
        case 9: self = .freeze(try reader.instanceID())
        case 10: self = .thaw(try reader.instanceID())
        case 11: self = .listens(try reader.instanceID())
        case 12: self = .claim(try reader.instanceID())
        case 13: self = .cancelJob(job: try reader.integer())
        case let kind: throw WireError("unknown request \(kind)")
        }
        try reader.end()
    }
}

extension WireReader {
    mutating func instanceID() throws(WireError) -> InstanceID {
        let text = try string("an instance id", bound: 64)
        guard let id = InstanceID(text) else { throw WireError("a malformed instance id") }
        return id
    }

    /// Each within its own bounds, so that a daemon that was taken over gets no more than an operator could have set.
    mutating func layerLimits() throws(WireError) -> UnpackLimits {
        var limits = UnpackLimits()
        for limit in UnpackLimit.allCases {
            do { try limits.set(limit, to: try integer(UInt64.self)) } catch let error as UnpackLimitError {
                throw WireError(error.description)
            } catch let error as WireError { throw error } catch { throw WireError("\(error)") }
        }
        return limits
    }

    mutating func digest() throws(WireError) -> Digest {
        let text = try string("a digest", bound: 64)
        guard let digest = Digest(hex: text) else { throw WireError("a malformed digest") }
        return digest
    }
}
