"""The painter's training data: what hides what, what is cut out, and where geometry and truth agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from appliance.pipeline.render.patch import PATCH
from models_om.corpus.mouths.sample import MouthSample, laid_behind, other_edge, save


def sample(moment: int, grey: int) -> MouthSample:
    picture = np.full((PATCH, PATCH, 3), grey, np.uint8)
    guide = np.zeros((PATCH, PATCH, 3), np.float32)
    guide[60:80, 50:110, 0] = 1
    return MouthSample("one", moment, "train", picture, guide, picture, picture, np.zeros(32, np.float32), 0.0)


def test_samples_come_back_from_their_file_and_a_failure_leaves_none(tmp_path: Path) -> None:
    path = tmp_path / "mouths.npz"

    def failing():
        yield sample(0, 10)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save(failing(), path)
    assert list(tmp_path.iterdir()) == []
    assert save([sample(4, 10), sample(5, 200)], path) == 2
    archive = np.load(path)
    assert archive["crop"].shape == (2, 9, PATCH, PATCH) and archive["crop"].dtype == np.uint8
    assert archive["moment"].tolist() == [4, 5]
    assert archive["crop"][1, 0, 0, 0] == 200 and archive["crop"][1, 3, 70, 80] == 255


def test_the_inside_is_seen_through_the_opening_alone() -> None:
    still, behind = np.full((4, 4, 3), 100, np.float32), np.full((4, 4, 3), 20, np.float32)
    opening = np.zeros((4, 4), np.float32)
    opening[1], opening[2] = 1, 0.5
    assert laid_behind(still, behind, opening)[:, 0, 0].tolist() == [100, 20, 60, 100]


def test_another_edge_differs_by_chance_but_not_from_itself() -> None:
    opening = sample(0, 0).guide[..., 0]
    first, again = (other_edge(opening, np.random.default_rng(3), 2.5) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    areas = [other_edge(opening, np.random.default_rng(seed), 2.5).sum() for seed in range(12)]
    assert min(areas) < 0.95 * opening.sum() and max(areas) > 1.05 * opening.sum()


def test_the_nearer_triangle_hides_the_farther_and_no_pixel_falls_between_two() -> None:
    pytest.importorskip("numba", reason="the renderer of training data needs numba")
    from models_om.ict.raster import rasterise

    square = np.array([[0, 0], [19, 0], [19, 19], [0, 19]], np.float32)
    points = np.concatenate([square, square])
    depths = np.array([0, 0, 0, 0, 1, 1, -1, -1], np.float32)  # the second square leans through the first
    colours = np.repeat([[1.0], [2.0]], 4, axis=0)
    triangles = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    picture, seen = rasterise(points, depths, colours, triangles, 20)
    assert (seen >= 0).all()
    assert (picture[2, :, 0] == 2).all() and (picture[17, :, 0] == 1).all()


def test_a_drawn_tooth_teaches_only_where_the_truth_has_one() -> None:
    pytest.importorskip("mindspore", reason="training needs MindSpore")
    from models_om.train.painter import DOUBT, agreement

    skin, lip, tooth = np.array([0.8, 0.6, 0.5]), np.array([0.7, 0.35, 0.35]), np.array([0.85, 0.82, 0.78])
    crop, target = np.zeros((9, 40, 40), np.float32), np.empty((3, 40, 40), np.float32)
    target[:] = skin[:, None, None]
    crop[3, 10:30] = 1  # the opening
    crop[4, 10:20] = 1  # teeth are drawn in its upper half
    target[:, 10:30, :20] = lip[:, None, None]
    target[:, 10:30, 20:] = tooth[:, None, None]
    agreed = agreement(crop, target)
    assert agreed[15, 30] > 0.9 and agreed[25, 10] > 0.9
    assert agreed[15, 10] == pytest.approx(DOUBT) and agreed[25, 30] < 0.2
    assert (agreed[:9] == 1).all()


def test_an_untrained_painter_leaves_the_picture_almost_as_it_was() -> None:
    ms = pytest.importorskip("mindspore", reason="the networks are defined in MindSpore")
    from models_om.networks.painter import SonicPainter
    from models_om.train.painter import laid_over

    ms.set_seed(1)
    painter = SonicPainter()
    painter.set_train(False)
    crop = np.random.default_rng(0).random((1, 9, PATCH, PATCH), np.float32)
    painted = painter(ms.Tensor(crop), ms.Tensor(np.zeros((1, 32, 20, 20), np.float32))).asnumpy()
    assert painted.shape == (1, 4, PATCH, PATCH)
    assert 0 < painted[:, 3].min() and painted[:, 3].max() < 1
    np.testing.assert_allclose(laid_over(painted, crop), crop[:, :3], atol=0.1)
