"""Writes reference.json: values of SciPy and NumPy that the package is compared with.

    python3 -m venv venv && venv/bin/pip install scipy==1.17.1 && venv/bin/python reference.py
"""
import itertools
import json
import pathlib

import numpy as np
from scipy import integrate, stats

rng = np.random.default_rng(17)
out = {}

out["paired"] = []
for n in (2, 3, 5, 10, 20):
    d = rng.normal(0.3, 1, n)
    t = stats.ttest_1samp(d, 0)
    low, high = t.confidence_interval(0.95)
    out["paired"].append({"d": d.tolist(), "mean": d.mean(), "sd": d.std(ddof=1), "low": low, "high": high, "p": t.pvalue})

out["rank_sum"] = []
for a, b in [
    ([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]),
    ([0, 0, 0, 0, 7.5], [6, 7, 8, 9, 10]),
    ([0, 0, 3, 4, 5], [6, 7, 8, 0, 10]),
    ([0, 0, 2], [1, 1, 3]),
    (rng.normal(0, 1, 6).round(1).tolist(), rng.normal(1, 1, 6).round(1).tolist()),
]:
    r = stats.permutation_test((a, b), lambda x, y: stats.rankdata(np.concatenate([x, y]))[: len(x)].sum(), vectorized=False, n_resamples=np.inf)
    out["rank_sum"].append({"a": a, "b": b, "p": r.pvalue})

out["association"] = []
for n in (4, 5, 7):
    x, y = rng.normal(size=n).round(1).tolist(), rng.normal(size=n).round(1).tolist()
    if n == 7:
        x[1], y[3], y[4] = x[0], y[2], y[2]
    s, k = stats.spearmanr(x, y).statistic, stats.kendalltau(x, y).statistic
    orders = list(itertools.permutations(y))
    ps = np.mean([abs(stats.spearmanr(x, o).statistic) >= abs(s) - 1e-9 for o in orders])
    pk = np.mean([abs(stats.kendalltau(x, o).statistic) >= abs(k) - 1e-9 for o in orders])
    out["association"].append({"x": x, "y": y, "spearman": s, "spearman_p": ps, "kendall": k, "kendall_p": pk})

out["power"] = []
for n in (2, 3, 5, 10, 20, 60):
    for effect in (0.1, 0.5, 1, 2.5):
        for level in (0.05, 0.05 / 24):
            t = stats.t.isf(level / 2, n - 1)
            shift = effect * np.sqrt(n)
            def tail(s):
                return stats.norm.sf(t * s - shift) + stats.norm.cdf(-t * s - shift)
            at = [0, 0.05, 0.2, 0.5, 1, 1.5, 2, 4, 12]
            p = sum(integrate.quad(lambda s: tail(s) * stats.chi.pdf(s * np.sqrt(n - 1), n - 1) * np.sqrt(n - 1), a, b, limit=400)[0] for a, b in zip(at, at[1:]))
            theirs = stats.nct.sf(t, n - 1, shift) + stats.nct.cdf(-t, n - 1, shift)  # NaN far out
            assert np.isnan(theirs) or abs(p - theirs) < 1e-6, (n, effect, level, p, theirs)
            out["power"].append({"n": n, "effect": effect, "level": level, "power": p})

out["upper_sd"] = [{"df": df, "factor": np.sqrt(df / stats.chi2.ppf(0.2, df))} for df in (1, 2, 4, 9, 19)]

path = pathlib.Path(__file__).with_name("reference.json")
path.write_text(json.dumps(out, indent=1) + "\n")
