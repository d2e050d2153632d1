// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Testing

@Suite struct AliasTests {
    static func alias(_ text: String) throws -> FunctionAlias {
        try FunctionAlias(creating: try #require(try JSONValue(parsing: text).object))
    }

    @Test func aCapturedRequestIsRead() throws {
        let alias = try Self.alias(#"{"additionalVersionWeight":{"2":0.1},"aliasName":"prod","description":"d","versionId":"1"}"#)
        #expect((alias.name, alias.version, alias.description) == ("prod", "1", "d"))
        #expect(alias.additional?.version == "2" && alias.additional?.share.fraction == 0.1)
        #expect(alias.json["additionalVersionWeight"] == ["2": .number(0.1)])
        #expect(try FunctionAlias(creating: alias.json) == alias)
    }

    @Test func anUpdateKeepsWhatItDoesNotName() throws {
        var alias = try Self.alias(#"{"additionalVersionWeight":{"2":0.25},"aliasName":"p","versionId":"1","sticky":"cookie:sid"}"#)
        try alias.apply(["description": "new"])
        #expect(alias.version == "1" && alias.additional?.share.fraction == 0.25 && alias.sticky == .cookie("sid"))
        try alias.apply(["additionalVersionWeight": [:], "versionId": "2", "sticky": ""])
        #expect(alias.version == "2" && alias.additional == nil && alias.sticky == nil && alias.description == "new")
    }

    @Test(arguments: [
        (#"{"versionId":"1"}"#, "aliasName"), (#"{"aliasName":"p"}"#, "versionId"),
        (#"{"aliasName":"1p","versionId":"1"}"#, "aliasName"), (#"{"aliasName":"-p","versionId":"1"}"#, "aliasName"),
        (#"{"aliasName":"latest","versionId":"1"}"#, "aliasName"), (#"{"aliasName":"","versionId":"1"}"#, "aliasName"),
        (#"{"aliasName":"a.b","versionId":"1"}"#, "aliasName"), (#"{"aliasName":"p","versionId":"x"}"#, "versionId"),
        (#"{"aliasName":"p","versionId":"01"}"#, "versionId"), (#"{"aliasName":"p","versionId":1}"#, "versionId"),
        (#"{"aliasName":"p","versionId":"1","additionalVersionWeight":{"2":0.1,"3":0.1}}"#, "additionalVersionWeight"),
        (#"{"aliasName":"p","versionId":"1","additionalVersionWeight":{"2":1.1}}"#, "additionalVersionWeight.2"),
        (#"{"aliasName":"p","versionId":"1","additionalVersionWeight":{"2":-0.1}}"#, "additionalVersionWeight.2"),
        (#"{"aliasName":"p","versionId":"1","additionalVersionWeight":{"2":"0.1"}}"#, "additionalVersionWeight.2"),
        (#"{"aliasName":"p","versionId":"1","additionalVersionWeight":{"LATEST":0.1}}"#, "additionalVersionWeight"),
        (#"{"aliasName":"p","versionId":"1","additionalVersionWeight":[]}"#, "additionalVersionWeight"),
        (#"{"aliasName":"p","versionId":"1","sticky":"x-user"}"#, "sticky"),
        (#"{"aliasName":"p","versionId":"1","sticky":"header:a b"}"#, "sticky"),
    ])
    func isRefusedByName(_ row: (text: String, field: String)) throws {
        #expect { try Self.alias(row.text) } throws: { error in
            (error as? ServiceError)?.code == "InvalidArgument" && "\(error)".contains(row.field)
        }
    }

    @Test func theMainVersionIsNotAddedToItself() throws {
        #expect { try Self.alias(#"{"aliasName":"p","versionId":"2","additionalVersionWeight":{"2":0.1}}"#) } throws: {
            ($0 as? ServiceError)?.code == "AdditionalVersionContainsMajorVersion"
        }
        var alias = try Self.alias(#"{"aliasName":"p","versionId":"1","additionalVersionWeight":{"2":0.1}}"#)
        let before = alias
        #expect(throws: ServiceError.self) { try alias.apply(["versionId": "2"]) }
        #expect(alias == before)
    }
}

@Suite struct TrafficShareTests {
    @Test(arguments: [0, 0.001, 0.01, 0.1, 1.0 / 3, 0.5, 0.618034, 0.9, 0.999, 1])
    func everyWindowHasItsShareWithinOneCall(_ fraction: Double) throws {
        let share = try #require(TrafficShare(fraction: fraction))
        // Across the place where the count begins anew, too.
        let numbers = Array(UInt64(999_000)..<1_001_000)
        var sums = [0]
        for number in numbers { sums.append(sums[sums.count - 1] + (share.takes(call: number) ? 1 : 0)) }
        for length in [1, 2, 3, 7, 10, 99, 100, 1000, 2000] {
            for start in 0...(numbers.count - length) {
                let taken = Double(sums[start + length] - sums[start])
                guard abs(taken - Double(length) * share.fraction) < 1 + 1e-9 else {
                    Issue.record("\(taken) of \(length) calls from \(start)")
                    return
                }
            }
        }
    }

    @Test(arguments: [0.0, 0.01, 0.1, 0.5, 0.9, 1])
    func callersAreSplitByTheShareWithinWhatChanceAllows(_ fraction: Double) throws {
        let share = try #require(TrafficShare(fraction: fraction))
        let callers = 100_000
        let taken = (0..<callers).count { share.takes(caller: "user-\($0)@example.org", of: "prod") }
        // Five standard deviations of a binomial distribution.
        let bound = 5 * (Double(callers) * fraction * (1 - fraction)).squareRoot()
        #expect(abs(Double(taken) - Double(callers) * fraction) <= bound)
    }

    @Test func aGrowingShareMovesCallersInOneDirectionOnly() throws {
        let shares = try [0.05, 0.1, 0.5, 0.95].map { try #require(TrafficShare(fraction: $0)) }
        for caller in 0..<2000 {
            let sides = shares.map { $0.takes(caller: "\(caller)", of: "prod") }
            #expect(sides.drop { !$0 }.allSatisfy { $0 }, "caller \(caller) went back: \(sides)")
        }
    }

    @Test(arguments: [-0.001, 1.001, .nan, .infinity]) func aShareIsAFraction(_ fraction: Double) {
        #expect(TrafficShare(fraction: fraction) == nil)
    }
}
