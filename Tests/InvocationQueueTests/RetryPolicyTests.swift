// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import InvocationQueue
import Testing

@Suite struct RetryPolicyTests {
    @Test(arguments: [
        (RetryPolicy(), [1000, 2000, 4000]),
        (RetryPolicy(attempts: 8, firstDelay: 100, factor: 3, longestDelay: 5000), [100, 300, 900, 2700, 5000, 5000, 5000, 5000]),
        (RetryPolicy(attempts: 2, firstDelay: 250, factor: 1), [250, 250]),
        (RetryPolicy(attempts: 0), []),
    ])
    func pausesGrowUpToTheLongestOne(_ policy: RetryPolicy, _ delays: [Int64]) {
        #expect(self.delays(policy, .failed(retryAfter: nil)) == delays)
    }

    @Test func whatTheHostCannotServeIsTriedUntilItIsTooOldAndUsesNoAttempt() {
        let policy = RetryPolicy(attempts: 0, maximumAge: 20_000)
        #expect(delays(policy, .throttled(retryAfter: nil)) == [500, 1000, 2000, 4000, 8000])
        #expect(delays(RetryPolicy(maximumAge: 400_000), .throttled(retryAfter: nil)).suffix(3) == [60_000, 60_000, 60_000])
        var tries = Tries(failures: 2, since: time(0))
        guard case .retry(_, let next) = policy.after(.throttled(retryAfter: nil), tries, now: time(0), random: 0.5) else {
            Issue.record("it was not retried")
            return
        }
        tries.throttles = 1
        #expect(next == tries)
    }

    /// The pauses until it ends, without chance.
    private func delays(_ policy: RetryPolicy, _ result: AttemptResult) -> [Int64] {
        var (tries, now, delays) = (Tries(since: time(0)), time(0), [Int64]())
        while case .retry(let next, let after) = policy.after(result, tries, now: now, random: 0.5) {
            delays.append(next.milliseconds - now.milliseconds)
            (tries, now) = (after, next)
        }
        return delays
    }

    @Test func chanceMovesAPauseByAFifth() {
        #expect(RetryPolicy().delay(afterFailures: 2, random: 0) == 1600)
        #expect(RetryPolicy().delay(afterFailures: 2, random: 1) == 2400)
    }

    @Test func theFunctionMayAskForALongerPause() {
        let policy = RetryPolicy()
        #expect(
            policy.after(.failed(retryAfter: 9000), Tries(since: time(0)), now: time(0), random: 0.5)
                == .retry(at: time(9000), Tries(failures: 1, since: time(0))))
        #expect(
            policy.after(.failed(retryAfter: 1), Tries(since: time(0)), now: time(0), random: 0.5)
                == .retry(at: time(1000), Tries(failures: 1, since: time(0))))
    }

    @Test(arguments: [
        (AttemptResult.succeeded, TaskStatus.succeeded), (.refused, .failed), (.gone, .invalid), (.stopped, .stopped),
    ])
    func someEndsAreFinalAtOnce(_ result: AttemptResult, _ status: TaskStatus) {
        #expect(RetryPolicy().after(result, Tries(since: time(0)), now: time(1), random: 0.5) == .ended(status))
    }

    @Test func anInterruptionIsMadeUpForAtOnceAndCostsNothing() {
        let tries = Tries(failures: 2, throttles: 1, since: time(0))
        #expect(RetryPolicy().after(.interrupted, tries, now: time(7), random: 0.5) == .retry(at: time(7), tries))
    }

    @Test func anAttemptThatWouldComeTooLateIsNotMade() {
        let policy = RetryPolicy(maximumAge: 1500)
        #expect(
            policy.after(.failed(retryAfter: nil), Tries(since: time(0)), now: time(400), random: 0.5)
                == .retry(at: time(1400), Tries(failures: 1, since: time(0))))
        #expect(policy.after(.failed(retryAfter: nil), Tries(since: time(0)), now: time(600), random: 0.5) == .ended(.expired))
        #expect(policy.isTooOld(Tries(since: time(0)), at: time(1501)) && !policy.isTooOld(Tries(since: time(0)), at: time(1500)))
    }
}
