// SPDX-License-Identifier: Apache-2.0
import Foundation

/// How far the clocks of a place are ahead of UTC, and when that changes.
public struct TimeZoneRule: Hashable, Sendable {
    /// A span of time through which the offset stays the same, in seconds since 1970.
    struct Span: Hashable {
        /// Seconds ahead of UTC.
        var offset: Int64
        /// The moment of the next change; nil where none is known.
        var end: Int64?
    }

    private let zone: TimeZone

    public static let utc = TimeZoneRule(zone: .gmt)

    private init(zone: TimeZone) { self.zone = zone }

    /// - Parameter name: of the IANA time zone database, for example `Asia/Shanghai`.
    /// - Throws: ``ScheduleError``.
    public init(name: String) throws(ScheduleError) {
        guard let zone = TimeZone(identifier: name) else {
            throw ScheduleError("there is no time zone '\(name)'; use a name of the IANA database, for example Asia/Shanghai")
        }
        self.zone = zone
    }

    public var name: String { zone.identifier }

    /// The span that a moment lies in.
    func span(at second: Int64) -> Span {
        let date = Date(timeIntervalSince1970: Double(second))
        let offset = zone.secondsFromGMT(for: date)
        let change = zone.nextDaylightSavingTimeTransition(after: date).map { Int64($0.timeIntervalSince1970.rounded()) }
        return Span(offset: Int64(offset), end: change.flatMap { $0 > second ? $0 : nil })
    }

    func offset(at second: Int64) -> Int64 { Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))) }

    /// The moment at which clocks there show a time: the first one where they show it twice, the end of the gap where they never do.
    func instant(ofWall wall: Int64) -> Int64 {
        // No zone is further than 26 hours from UTC, so the change that matters lies behind this.
        var from = wall - 26 * 3600
        while true {
            let span = span(at: from)
            let instant = wall - span.offset
            guard let end = span.end, instant >= end else { return max(instant, from) }
            from = end
        }
    }
}
