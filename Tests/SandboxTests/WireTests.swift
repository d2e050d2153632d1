// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Sandbox
import Testing

private let digest = Digest(hex: String(repeating: "ab", count: 32))!
private let id = InstanceID("c-1-2-3")!

func sampleSpec() -> InstanceSpec {
    var spec = InstanceSpec(
        id: id, layers: [digest], arguments: ["server", "--port", "9000"], environment: ["PATH=/bin", "A=ü"], workingDirectory: "/app",
        user: "web:web", hostname: "hello-1", limits: InstanceLimits(memory: 64 << 20, milliCPU: 350, temporary: 1 << 20), port: 9000)
    spec.owner = "hello/LATEST/3"
    return spec
}

/// One whose listen(2) nobody is told of.
func silentSpec() -> InstanceSpec {
    var spec = sampleSpec()
    spec.reportsListen = false
    return spec
}

/// SplitMix64: the same hostile bytes in every run.
struct Numbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

/// What kind each message is. A case more does not compile until it has a number here; ``WireTests`` then asks for one that is sent, and for its version.
extension LauncherRequest {
    static let kinds = 13
    fileprivate var kind: Int {
        switch self {
        case .start: 0
        case .park: 1
        case .claim: 2
        case .openSockets: 3
        case .stop: 4
        case .unpack: 5
        case .cancelJob: 6
        case .removeLayer: 7
        case .listLayers: 8
        case .keepListener: 9
        case .freeze: 10
        case .thaw: 11
        case .listens: 12
        }
    }
}

extension LauncherEvent {
    static let kinds = 11
    fileprivate var kind: Int {
        switch self {
        case .started: 0
        case .listening: 1
        case .failed: 2
        case .exited: 3
        case .sockets: 4
        case .unpacked: 5
        case .removed: 6
        case .layers: 7
        case .jobFailed: 8
        case .parked: 9
        case .memoryPressure: 10
        }
    }
}

@Suite struct WireTests {
    /// All of it spelled out: what a limit is of itself may change without a change of the messages.
    static let limits: UnpackLimits = {
        var limits = UnpackLimits()
        for (number, limit) in UnpackLimit.allCases.enumerated() {
            precondition((try? limits.set(limit, to: 1100 + UInt64(number))) != nil)
        }
        return limits
    }()
    static let requests: [LauncherRequest] = [
        .keepListener(.plain), .keepListener(.secure),
        .start(sampleSpec()), .openSockets(number: 7, id, count: 3), .stop(id, graceMilliseconds: 2500),
        .unpack(job: 9, diffID: digest, offset: 512, length: 1 << 40, compression: .zstd, limits, place: 2044),
        .freeze(InstanceID("c-1")!), .thaw(InstanceID("c-1")!), .listens(InstanceID("c-1")!), .removeLayer(job: 1, diffID: digest),
        .cancelJob(job: 1 << 40),
        .listLayers(job: 2), .park(silentSpec()), .claim(id),
    ]
    static let events: [LauncherEvent] = [
        .started(id, SetUpTimes(cloned: 1 << 40, mounted: 2 << 40)), .listening(id),
        .failed(id, LaunchFailure(step: "mount overlay: EINVAL (step 4 of 19)", errno: 22)),
        .exited(id, .exited(status: 3)), .exited(id, .signaled(9)), .exited(id, .outOfMemory), .sockets(number: 7),
        .unpacked(job: 1, UnpackedLayer(entries: 5, bytes: 6)), .removed(job: 2), .layers(job: 3, [digest], last: true),
        .jobFailed(job: 4, reason: "no"), .jobFailed(job: 4, reason: "full", lacksRoom: true), .parked(id), .memoryPressure,
    ]

    @Test(arguments: requests) func aRequestComesBackAsItWas(_ request: LauncherRequest) throws {
        #expect(try LauncherRequest(decoding: request.encoded()[...]) == request)
    }

    @Test(arguments: events) func anEventComesBackAsItWas(_ event: LauncherEvent) throws {
        #expect(try LauncherEvent(decoding: event.encoded()[...]) == event)
    }

    /// Of any message that changes, and of one more, the number changes: then the version is to go up, and this number with it. Which descriptors come with
    /// a message, and what lies where in a `RoomPage`, is no part of the bytes: who changes those is to think of the version alone.
    @Test func theVersionIsThatOfTheseMessages() {
        #expect(Set(Self.requests.map(\.kind)) == Set(0..<LauncherRequest.kinds))
        #expect(Set(Self.events.map(\.kind)) == Set(0..<LauncherEvent.kinds))
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a.
        for byte in Self.requests.flatMap({ $0.encoded() }) + Self.events.flatMap({ $0.encoded() }) {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        #expect(LauncherProtocol.version == 2 && hash == 0x4f29_0239_ad88_594b, "\(String(hash, radix: 16))")
    }

    @Test func whoSpeaksAnotherVersionSaysBothAndTheWayOut() throws {
        let own = "version \(LauncherProtocol.version) "
        #expect(LauncherProtocol.daemonFault(told: "\(LauncherProtocol.version)") == nil)
        #expect(LauncherProtocol.programFault(answer: LauncherProtocol.answer) == nil)
        for (fault, other) in [
            (LauncherProtocol.daemonFault(told: nil), "a version before 2"), (LauncherProtocol.daemonFault(told: "1"), "version 1:"),
            (LauncherProtocol.programFault(answer: nil), "does not say"), (LauncherProtocol.programFault(answer: "77\n"), "version 77:"),
        ] {
            let words = try #require(fault)
            #expect(words.contains(own) && words.contains(other) && words.contains("systemctl restart swiftlet"), "\(words)")
        }
    }

    @Test func everyCutMessageIsRefused() {
        for request in Self.requests {
            let bytes = request.encoded()
            for length in 0..<bytes.count { #expect(throws: WireError.self) { try LauncherRequest(decoding: bytes[..<length]) } }
            #expect(throws: WireError.self) { try LauncherRequest(decoding: (bytes + [0])[...]) }
        }
    }

    @Test func hostileBytesNeverTrap() {
        var random = Numbers(state: 42)
        for round in 0..<20_000 {
            var bytes: [UInt8]
            if round % 2 == 0 {
                bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            } else {
                bytes = Self.requests.randomElement(using: &random)!.encoded()
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
            }
            if let request = try? LauncherRequest(decoding: bytes[...]) {
                #expect((try? LauncherRequest(decoding: request.encoded()[...])) == request)
            }
            _ = try? LauncherEvent(decoding: bytes[...])
        }
    }

    @Test func countsBeyondTheirBoundAreRefusedBeforeAnythingIsMade() {
        var bytes = LauncherRequest.start(sampleSpec()).encoded()
        let layerCount = 1 + 4 + id.text.utf8.count
        bytes.replaceSubrange(layerCount..<layerCount + 4, with: [255, 255, 255, 255])
        #expect(throws: WireError("4294967295 layers, the limit is 132")) { try LauncherRequest(decoding: bytes[...]) }
    }

    @Test func limitsOfALayerCrossTheWireAndStayWithinTheirBounds() throws {
        var limits = UnpackLimits()
        try limits.set(.entries, to: 17)
        let request = LauncherRequest.unpack(job: 1, diffID: digest, offset: 0, length: 5, compression: .gzip, limits, place: 3)
        #expect(try LauncherRequest(decoding: request.encoded()[...]) == request)
        for number in UnpackLimit.allCases.indices {
            var bytes = request.encoded()
            let place = bytes.count - 2 - 8 * (UnpackLimit.allCases.count - number)
            bytes.replaceSubrange(place..<place + 8, with: [UInt8](repeating: 255, count: 8))
            #expect(throws: WireError.self, "\(UnpackLimit.allCases[number])") { try LauncherRequest(decoding: bytes[...]) }
        }
    }

    @Test func aSpecBeyondItsBoundsIsRefusedWithItsLimit() {
        func refused(_ change: (inout InstanceSpec) -> Void) -> Bool {
            var spec = sampleSpec()
            change(&spec)
            return (try? LauncherRequest(decoding: LauncherRequest.start(spec).encoded()[...])) == nil
        }
        #expect(!refused { _ in })
        #expect(refused { $0.arguments = [] })
        #expect(refused { $0.arguments = ["a\0b"] })
        #expect(refused { $0.environment = ["NOVALUE"] })
        #expect(refused { $0.environment = ["A=" + String(repeating: "x", count: 140_000)] })
        #expect(refused { $0.layers = Array(repeating: digest, count: 133) })
        #expect(refused { $0.workingDirectory = "relative" })
        #expect(refused { $0.hostname = "a b" })
        #expect(refused { $0.limits.memory = 0 })
        #expect(refused { $0.port = 0 })
        #expect(!refused { $0.internet = NameService() })
        #expect(refused { $0.internet = NameService(servers: ["1.2.3.4\noptions debug"]) })
        #expect(refused { $0.internet = NameService(searches: ["a b"]) })
    }
}
