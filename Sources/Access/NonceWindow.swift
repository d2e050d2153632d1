// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// A nonce with its key, as two words of its hash: 2^-128 is rarer than any fault of memory.
public struct NonceMark: Hashable, Sendable {
    /// Of the request, in seconds of Unix time.
    public var date: Int64
    public var high: UInt64
    public var low: UInt64

    public init(date: Int64, high: UInt64, low: UInt64) { (self.date, self.high, self.low) = (date, high, low) }

    /// - Parameter digest: the hash of key and nonce, 16 bytes or more of it.
    public init(date: Int64, digest: some Collection<UInt8>) {
        self.init(date: date, high: 0, low: 0)
        for (index, byte) in digest.prefix(16).enumerated() {
            if index < 8 { high = high << 8 | UInt64(byte) } else { low = low << 8 | UInt64(byte) }
        }
    }
}

/// The nonces of requests that were taken, for as long as their date would let them be taken again.
///
/// They are kept by the second of the request's date, so that whole seconds are forgotten at once: a request that is sent again has the same date.
public struct NonceWindow: Sendable {
    public enum Verdict: Hashable, Sendable {
        case new, used, full
        /// Nobody knows whether it was used: its date lies before all that is remembered.
        case unknown
    }

    /// Seconds by which a request's date may differ from the host's clock. Source: Function Compute contract §2.3.
    public static let skew: Int64 = 15 * 60
    /// Nonces remembered at most, about 200 MB; then requests are refused, since forgetting one would let it be sent again.
    private let limit: Int
    private let floor: Int64?
    private var seconds: [Int64: Set<NonceMark>] = [:]
    private var count = 0
    private var lastSweep: Int64 = 0

    /// - Parameter memory: what was taken before.
    public init(limit: Int = 4_000_000, memory: NonceLog.Memory = NonceLog.Memory()) {
        self.limit = limit
        floor = memory.floor
        for mark in memory.marks { remember(mark) }
    }

    /// - Parameter mark: its date is within ``skew`` of `now`.
    public mutating func take(_ mark: NonceMark, now: Int64) -> Verdict {
        sweep(now)
        if seconds[mark.date]?.contains(mark) == true { return .used }
        if let floor, mark.date < floor { return .unknown }
        guard count < limit else { return .full }
        remember(mark)
        return .new
    }

    private mutating func remember(_ mark: NonceMark) {
        if seconds[mark.date, default: []].insert(mark).inserted { count += 1 }
    }

    /// Forgets what the date alone refuses by now.
    private mutating func sweep(_ now: Int64) {
        guard now != lastSweep else { return }
        lastSweep = now
        for second in seconds.keys where second < now - Self.skew {
            count -= seconds[second]?.count ?? 0
            seconds[second] = nil
        }
    }
}

extension Timestamp {
    /// Reads `2026-11-23T04:56:53Z`.
    public init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 20, bytes[4] == 45, bytes[7] == 45, bytes[10] == 84, bytes[13] == 58, bytes[16] == 58, bytes[19] == 90 else {
            return nil
        }
        func number(_ range: ClosedRange<Int>, _ bounds: ClosedRange<Int64>) -> Int64? {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard (48...57).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 48)
            }
            return bounds.contains(value) ? value : nil
        }
        guard let year = number(0...3, 1970...9999), let month = number(5...6, 1...12), let day = number(8...9, 1...31),
            let hour = number(11...12, 0...23), let minute = number(14...15, 0...59), let second = number(17...18, 0...60)
        else { return nil }
        // Days from 1970-01-01, with years counted from March.
        let shiftedYear = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let days = shiftedYear * 365 + shiftedYear / 4 - shiftedYear / 100 + shiftedYear / 400 + dayOfYear - 719_468
        self.init(milliseconds: (days * 86_400 + hour * 3600 + minute * 60 + second) * 1000)
    }
}
