// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials

/// A moment as people say it: `10m`, `1h30m`, `2d` ago, or a time such as `2026-01-31T12:00:00Z`.
package enum Moment: Hashable, Sendable, ExpressibleByArgument {
    /// In seconds.
    case ago(Int)
    /// Milliseconds since 1970, UTC.
    case at(Int64)

    package init?(argument: String) {
        if let seconds = Self.seconds(argument) {
            self = .ago(seconds)
            return
        }
        let full = argument.contains("T") ? argument : argument + "T00:00:00Z"
        for style in [Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true)] {
            if let date = try? style.parse(full) {
                self = .at(Int64((date.timeIntervalSince1970 * 1000).rounded()))
                return
            }
        }
        return nil
    }

    /// - Parameter now: milliseconds since 1970, UTC.
    package func milliseconds(now: Int64) -> Int64 {
        switch self {
        case .ago(let seconds): now - Int64(seconds) * 1000
        case .at(let time): time
        }
    }

    private static func seconds(_ text: String) -> Int? {
        var (total, digits): (Int, String) = (0, "")
        for character in text {
            if character.isASCII, character.isNumber {
                digits.append(character)
                continue
            }
            guard let number = Int(digits), number < 1_000_000, let unit = ["s": 1, "m": 60, "h": 3600, "d": 86400][character] else {
                return nil
            }
            total += number * unit
            digits = ""
        }
        return digits.isEmpty && !text.isEmpty ? total : nil
    }
}
