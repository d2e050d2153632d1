import FunctionModel
// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite struct IdentifierTests {
    private struct Counting: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    private func padded(_ number: UInt64, _ digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: digits - text.count) + text
    }

    @Test func theDigitsAreThoseOfTheNumber() {
        var random = Counting(state: 7)
        var numbers: [UInt32] = [0, 9, 10, 15, 16, 0x9a9a_9a9a, .max]
        for _ in 0..<1000 { numbers.append(UInt32(truncatingIfNeeded: random.next())) }
        for number in numbers {
            let text = withUnsafeBytes(of: hexDigits(number)) { String(decoding: $0, as: UTF8.self) }
            #expect(text == padded(UInt64(number), 8))
        }
    }

    /// Source: Function Compute contract, where it shows a request id.
    @Test func anIdIsTimeAndTwoRandomNumbers() {
        var (made, same) = (Counting(state: 1), Counting(state: 1))
        for _ in 0..<100 {
            let id = RequestID(seconds: 0x6926_0f3a, using: &made)
            let (first, second) = (same.next() >> 32, same.next() >> 16)
            #expect(id.text == "1-69260f3a-\(padded(first, 8))-\(padded(second, 12))")
        }
    }

    @Test func theCopiedTextIsWhole() throws {
        for length in [1, 15, 16, 128] {
            let text = String(repeating: "x", count: length - 1) + "y"
            let id = try #require(RequestID(text))
            let copied = withUnsafeTemporaryAllocation(byteCount: RequestID.mostBytes, alignment: 1) { memory in
                let count = id.copyText(to: memory)
                return String(decoding: UnsafeRawBufferPointer(rebasing: memory[..<count]), as: UTF8.self)
            }
            #expect(copied == text)
        }
        #expect(RequestID(String(repeating: "x", count: 129)) == nil)
    }

    @Test func anIdThatComesBackIsTheOneThatWasMade() throws {
        var random = Counting(state: 3)
        for seconds in [0, 0x6926_0f3a, Int64(UInt32.max)] {
            let made = RequestID(seconds: seconds, using: &random)
            let read = try #require(RequestID(made.text))
            #expect(read == made)
            #expect(Set([made, read]).count == 1)
            #expect(read.text == made.text)
        }
    }

    /// What differs from an id as it is made in nothing but a sign is another id, and keeps its text.
    @Test func anIdThatACallerChoseIsKeptAsItIs() throws {
        let made = "1-69260f3a-0badcafe-0123456789ab"
        let others = [
            "2-69260f3a-0badcafe-0123456789ab", "1-69260F3A-0badcafe-0123456789ab", "1-69260f3a-0badcafe_0123456789ab",
            "1-69260f3a0-badcafe-0123456789ab", "169260f3a0badcafe0123456789ab", "1-69260f3a-0badcafe-0123456789ab0",
            "1-69260f3a-0badcafe-0123456789a", "a", "1-00000000-00000000-000000000000", "1",
        ]
        var seen: Set<RequestID> = [try #require(RequestID(made))]
        for text in others {
            let id = try #require(RequestID(text))
            #expect(id.text == text)
            #expect(seen.insert(id).inserted)
        }
    }
}
